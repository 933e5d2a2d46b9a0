"""Layers of results: particles, their values, and what a displacement field says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.ui.layers.lookups import ParticleOutline, ParticleValues

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Image, Labels, Vectors
    from napari.utils.colormaps import Colormap
    from numpy.typing import NDArray

    from operando.data import Column, DisplacementField
    from operando.ui.strain.node_quantities import NodeQuantity

MOST_ARROWS = 100_000
ARROW_COLOUR = "#f0e442"
OUTLINE_COLOUR = "#ffffff"

# ColorBrewer RdBu, blue for negative: safe for common colour vision deficiencies.
_DIVERGING = (
    (0.02, 0.19, 0.38),
    (0.13, 0.40, 0.67),
    (0.26, 0.58, 0.76),
    (0.57, 0.77, 0.87),
    (0.82, 0.90, 0.94),
    (0.97, 0.97, 0.97),
    (0.99, 0.86, 0.78),
    (0.96, 0.65, 0.51),
    (0.84, 0.38, 0.30),
    (0.70, 0.09, 0.17),
    (0.40, 0.00, 0.12),
)

Placement = dict[str, Any]
"""``scale``, ``axis_labels`` and ``units`` of a layer ``(t, z, y, x)``, from the layer factory."""


def particles_layer(ids: Any, name: str, placement: Placement) -> Labels:
    """Particles in colours of their ids; not editable.

    Parameters
    ----------
    ids
        ``(t, z, y, x)`` integers, read where looked at.
    name, placement
        Of the layer.
    """
    from napari.layers import Labels

    layer = Labels(ids, name=name, opacity=0.5, multiscale=False, **placement)
    layer.editable = False
    return layer


def outline_layer(ids: Any, name: str, placement: Placement) -> Labels:
    """Rim of the one particle that is selected; its data is a `ParticleOutline`."""
    from napari.layers import Labels
    from napari.utils.colormaps import DirectLabelColormap

    colours = {0: "transparent", 1: OUTLINE_COLOUR, None: "transparent"}
    layer = Labels(
        ParticleOutline(ids),
        name=name,
        opacity=0.9,
        colormap=DirectLabelColormap(color_dict=colours),
        multiscale=False,
        **placement,
    )
    layer.editable = False
    return layer


def particle_values(table: pd.DataFrame, column: str) -> dict[int, NDArray[np.float32]]:
    """For every frame the values of a column, indexed by particle id; NaN for absent ids."""
    values = {}
    for frame, rows in table.groupby("frame"):
        ids = rows["particle"].to_numpy(int)
        per_id = np.full(ids.max() + 1, np.nan, np.float32)
        per_id[ids] = rows[column].to_numpy(float)
        values[int(frame)] = per_id
    return values


def values_layer(
    ids: Any, table: pd.DataFrame, column: Column, name: str, placement: Placement
) -> Image:
    """Particles in colours of one column, the same colours in every frame, with a colour bar."""
    from napari.layers import Image

    layer = Image(
        ParticleValues(ids, particle_values(table, column.name)),
        name=name,
        colormap="viridis",
        contrast_limits=value_limits(table[column.name].to_numpy(float)),
        opacity=0.8,
        blending="translucent",
        multiscale=False,
        **placement,
    )
    show_colour_bar(layer)
    return layer


def show_values(layer: Image, ids: Any, table: pd.DataFrame, column: Column) -> None:
    """Let a layer made by `values_layer` show another column."""
    limits = value_limits(table[column.name].to_numpy(float))
    layer.data = ParticleValues(ids, particle_values(table, column.name))
    layer.contrast_limits_range = limits
    layer.contrast_limits = limits


def value_limits(values: NDArray[np.floating]) -> tuple[float, float]:
    """Colour limits between the 1st and the 99th percentile, with low < high in any case."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(known, (1, 99)))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def diverging_colormap() -> Colormap:
    """Blue, white, red; missing values are transparent."""
    from napari.utils.colormaps import Colormap

    return Colormap(_DIVERGING, name="blue to red", display_name="blue to red")


def node_placement(
    field: DisplacementField, voxel_size: tuple[float, float, float], placement: Placement
) -> Placement:
    """Place one image voxel on every node: nodes lie at their position times the voxel size.

    The nodes are those of the undeformed frame, so that a field lies where the material was.
    """
    size = np.asarray(voxel_size, float)
    return placement | {
        "scale": (placement["scale"][0], *(np.asarray(field.spacing) * size)),
        "translate": (0.0, *(np.asarray(field.positions[0], float) * size)),
    }


def node_layer(
    data: Any,
    quantity: NodeQuantity,
    limits: tuple[float, float],
    name: str,
    placement: Placement,
) -> Image:
    """One quantity of displacement fields over the images, with a colour bar.

    Parameters
    ----------
    data
        ``(t, nz, ny, nx)``, NaN where there is nothing.
    quantity, limits
        Give the colours.
    name, placement
        Of the layer; see `node_placement`.
    """
    from napari.layers import Image

    layer = Image(
        data,
        name=name,
        contrast_limits=limits,
        colormap=node_colormap(quantity),
        opacity=0.6,
        blending="translucent",
        interpolation2d="linear",
        multiscale=False,
        **placement,
    )
    show_colour_bar(layer)
    return layer


def node_colormap(quantity: NodeQuantity) -> Any:
    """Diverging for signed quantities, otherwise dark to bright."""
    return diverging_colormap() if quantity.scale == "diverging" else "viridis"


def show_colour_bar(layer: Image) -> None:
    """Show the layer's colour bar and, beside it, its name, which carries the unit."""
    layer.colorbar.visible = True
    layer.colorbar.box = True
    layer.name_overlay.visible = True
    layer.name_overlay.position = "top_right"
    layer.name_overlay.box = True


def hide_other_maps(viewer: Any, layer: Any) -> None:
    """Hide what else has a colour bar: colours of one map over another mean nothing."""
    for other in viewer.layers:
        bar = getattr(other, "colorbar", None)
        if other != layer and bar is not None and bar.visible:
            other.visible = False


def arrows_layer(name: str, placement: Placement, width: float) -> Vectors:
    """Make an empty layer of arrows; `arrow_data` fills it.

    Parameters
    ----------
    name, placement
        Of the layer; arrows are in voxels.
    width
        Of a shaft, voxels.
    """
    from napari.layers import Vectors

    return Vectors(
        np.empty((0, 2, 4), np.float32),
        ndim=4,
        name=name,
        edge_color=ARROW_COLOUR,
        edge_width=width,
        vector_style="arrow",
        **placement,
    )


def arrow_data(
    field: DisplacementField,
    frame: int,
    plane: tuple[int, float] | None = None,
    most: int = MOST_ARROWS,
) -> NDArray[np.float32]:
    """Displacement of the valid nodes as vectors of a layer.

    Parameters
    ----------
    field
        Displacements in voxels.
    frame
        Where on the time axis they are drawn.
    plane
        Axis (0, 1, 2 for z, y, x) and position in voxels of the slice that is seen: the nearest
        plane of nodes is taken and drawn in the slice. None takes all nodes.
    most
        Every n-th node is left out so that there are not more.

    Returns
    -------
    ``(N, 2, 4)``: start and direction ``(t, z, y, x)``.
    """
    positions = np.asarray(field.positions, np.float32)
    keep = field.valid.copy()
    if plane is not None:
        axis, at = plane
        nearest = positions[np.argmin(np.abs(positions[:, axis] - at)), axis]
        keep &= (positions[:, axis] == nearest) & (abs(nearest - at) <= field.spacing[axis])
        positions = positions.copy()
        positions[:, axis] = at
    nodes = np.flatnonzero(keep)
    nodes = nodes[:: max(1, -(-len(nodes) // most))]
    arrows = np.zeros((len(nodes), 2, 4), np.float32)
    arrows[:, 0, 0] = frame
    arrows[:, 0, 1:] = positions[nodes]
    arrows[:, 1, 1:] = field.displacement[nodes]
    return arrows


def fitting_length(field: DisplacementField) -> float:
    """Round factor by which arrows are drawn longer so that long ones span about a node spacing."""
    lengths = np.linalg.norm(field.displacement[field.valid], axis=1)
    long = float(np.percentile(lengths, 95)) if lengths.size else 0.0
    if long <= 0:
        return 1.0
    factor = float(np.mean(field.spacing)) / long
    power = 10.0 ** np.floor(np.log10(factor))
    return float(
        max(s for s in (1, 1.5, 2, 3, 4, 5, 6, 8) if s <= factor / power * (1 + 1e-9)) * power
    )

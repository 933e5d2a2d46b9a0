"""Nodes in a region that the user drew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import DisplacementField

_AXES = "zyx"
_CORNERS = 64
"""Of the polygon that stands for an ellipse."""


def drawn_region(
    viewer: Any,
    field: DisplacementField,
    plane: tuple[int, float] | None,
    voxel_size: tuple[float, float, float],
) -> tuple[str, NDArray[np.bool_]]:
    """Find the nodes in the shapes of the selected layer, or all where nothing is drawn.

    Shapes pick nodes of the plane of nodes nearest to the slice that is seen.

    Parameters
    ----------
    viewer
        Whose layer is looked for.
    field
        Whose nodes are picked.
    plane
        Axis that is sliced and where, voxels; None in 3D, where shapes pick nothing.
    voxel_size
        ``(z, y, x)`` in µm.

    Returns
    -------
    Name of the region, and ``(N,)`` which nodes lie in it.
    """
    layer = _shapes(viewer)
    if layer is None or plane is None:
        return "everything", np.ones(len(field.positions), bool)
    axis, at = plane
    shown = [a for a in range(3) if a != axis]
    heights = field.positions[:, axis]
    nearest = heights[np.abs(heights - at).argmin()]
    points = field.positions * voxel_size
    height = nearest * voxel_size[axis]
    inside = (heights == nearest) & in_shapes(points[:, shown], layer, shown)
    return f"{layer.name} at {_AXES[axis]} {height:.2f} µm", inside


def in_shapes(points: NDArray[np.floating[Any]], layer: Any, shown: list[int]) -> NDArray[np.bool_]:
    """Tell which points ``(N, 2)`` in µm lie in a rectangle, ellipse or polygon of a layer.

    Parameters
    ----------
    points
        Along the two shown axes.
    layer
        napari Shapes of two or more axes, the last of which are those of space.
    shown
        Which of z, y, x are shown.
    """
    from skimage.measure import points_in_poly

    inside = np.zeros(len(points), bool)
    for corners, kind in zip(layer.data, layer.shape_type, strict=True):
        if kind in ("line", "path"):
            continue
        world = np.array([layer.data_to_world(corner) for corner in corners])
        columns = [a - 3 for a in shown] if world.shape[1] > 2 else [0, 1]
        outline = world[:, columns]
        inside |= points_in_poly(points, _ellipse(outline) if kind == "ellipse" else outline)
    return inside


def _ellipse(box: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Turn the four corners around an ellipse into a polygon."""
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    along, across = (box[1] - box[0]) / 2, (box[3] - box[0]) / 2
    return np.asarray(box.mean(axis=0) + np.cos(angle) * along + np.sin(angle) * across)


def _shapes(viewer: Any) -> Any:
    """Return the selected layer, or else the only one, that holds shapes; None if there is none."""
    from napari.layers import Shapes

    active = viewer.layers.selection.active
    if isinstance(active, Shapes):
        return active if len(active.data) else None
    drawn = [layer for layer in viewer.layers if isinstance(layer, Shapes) and len(layer.data)]
    return drawn[0] if len(drawn) == 1 else None

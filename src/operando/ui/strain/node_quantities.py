"""What can be shown of a displacement field: strains, displacements, errors and quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.errors import InputError
from operando.files.fields.table import layer_strain
from operando.strain.reading.measures import von_mises

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import DisplacementField

_AXES = "zyx"
ALONG_Z = (1.0, 0.0, 0.0)
"""Through-thickness direction where nothing else is said."""


@dataclass(frozen=True)
class NodeQuantity:
    """One number per node that can be drawn.

    Parameters
    ----------
    name
        Stable key: ``"strain_zz"``.
    title
        What menus and layers say.
    unit
        Empty for plain numbers.
    scale
        How its colours are laid out: around 0, from 0 upwards, or down from 1.
    """

    name: str
    title: str
    unit: str
    scale: Literal["diverging", "from 0", "up to 1"]

    @property
    def header(self) -> str:
        """Title with unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def of_layer(self) -> bool:
        """Whether it depends on the normal of a layer."""
        return self.name.startswith("layer_")


NODE_QUANTITIES = (
    *(
        NodeQuantity(f"strain_{pair}", f"strain {pair}", "%", "diverging")
        for pair in ("xx", "yy", "zz", "xy", "xz", "yz")
    ),
    NodeQuantity("volume_change", "volume change", "%", "diverging"),
    NodeQuantity("von_mises", "von Mises strain", "%", "from 0"),
    NodeQuantity("layer_through", "through-thickness strain", "%", "diverging"),
    NodeQuantity("layer_in_plane", "in-plane strain", "%", "diverging"),
    NodeQuantity("layer_shear", "through-thickness shear", "%", "from 0"),
    NodeQuantity("layer_displacement", "through-thickness displacement", "µm", "diverging"),
    NodeQuantity("displacement", "displacement", "µm", "from 0"),
    *(
        NodeQuantity(f"displacement_{axis}", f"displacement {axis}", "µm", "diverging")
        for axis in ("x", "y", "z")
    ),
    NodeQuantity("error", "predicted error", "voxel", "from 0"),
    NodeQuantity("zncc", "correlation (ZNCC)", "", "up to 1"),
)
_BY_NAME = {quantity.name: quantity for quantity in NODE_QUANTITIES}


def node_quantity(name: str) -> NodeQuantity:
    """Look a quantity up by its name."""
    if name not in _BY_NAME:
        raise InputError(f"There is no quantity {name!r}", f"use one of {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def direction_words(direction: Sequence[float]) -> str:
    """Name a unit vector ``(z, y, x)``: an axis, or its components along x, y, z."""
    for axis, share in zip(_AXES, direction, strict=True):
        if abs(share) > 1 - 1e-6:
            return axis
    z, y, x = direction
    return f"({x:.2f}, {y:.2f}, {z:.2f})"


def node_values(
    field: DisplacementField,
    name: str,
    voxel_size: Sequence[float],
    normal: Sequence[float] = ALONG_Z,
) -> NDArray[np.float32]:
    """Values of one quantity at every node.

    Parameters
    ----------
    field
        Displacements in voxels.
    name
        Of a `NodeQuantity`.
    voxel_size
        ``(z, y, x)`` in µm; shears of anisotropic voxels need it.
    normal
        ``(z, y, x)`` in µm, unit length: through-thickness direction of the layer.

    Returns
    -------
    ``(nz, ny, nx)`` in the quantity's unit, NaN at nodes that are not valid. Strains are those of
    Green and Lagrange; the volume change is det F - 1; von Mises is the equivalent strain
    sqrt(2/3 e:e) of the deviator e; those of a layer see `operando.files.fields.table.LayerStrain`.
    """
    quantity = node_quantity(name)
    size = np.asarray(voxel_size, float)
    if quantity.of_layer:
        values = _layer_values(field, quantity.name, size, np.asarray(normal, float))
    else:
        values = _values(field, quantity.name, size)
    return np.where(field.valid, values, np.nan).reshape(field.grid_shape).astype(np.float32)


def _values(
    field: DisplacementField, name: str, voxel_size: NDArray[np.float64]
) -> NDArray[np.float64]:
    kind, _, part = name.partition("_")
    if kind == "strain":
        strain = field.physical(voxel_size).strain()
        return 100 * strain[:, _AXES.index(part[1]), _AXES.index(part[0])]
    if kind == "displacement":
        moved = field.displacement * voxel_size
        return moved[:, _AXES.index(part)] if part else np.linalg.norm(moved, axis=1)
    if name == "volume_change":
        return 100 * field.volume_change
    if name == "von_mises":
        return 100 * von_mises(field.physical(voxel_size).strain())
    if name == "error":
        return np.sqrt(np.mean(field.sigma.astype(float) ** 2, axis=1))
    return field.zncc.astype(float)


def _layer_values(
    field: DisplacementField,
    name: str,
    voxel_size: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> NDArray[np.float64]:
    if name == "layer_displacement":
        return (field.displacement * voxel_size) @ normal
    layer = layer_strain(field.physical(voxel_size).strain(), normal)
    return 100 * np.asarray(getattr(layer, name.removeprefix("layer_")))


def colour_limits(
    values: Sequence[NDArray[np.floating]], scale: Literal["diverging", "from 0", "up to 1"]
) -> tuple[float, float]:
    """Contrast limits that single wrong nodes do not stretch.

    Parameters
    ----------
    values
        One array per frame; they share their limits, so that colours compare through time.
    scale
        See `NodeQuantity`.

    Returns
    -------
    Symmetric about 0, from 0, or up to 1; (low, high) with low < high in any case.
    """
    known = np.concatenate([v[np.isfinite(v)].ravel() for v in values]) if values else np.empty(0)
    if not known.size:
        return (-1.0, 1.0) if scale == "diverging" else (0.0, 1.0)
    if scale == "diverging":
        high = round_up(float(np.percentile(np.abs(known), 98)))
        return -high, high
    if scale == "from 0":
        return 0.0, round_up(float(np.percentile(known, 98)))
    low = float(np.percentile(known, 2))
    return min(np.floor(20 * low) / 20, 0.95), 1.0


def round_up(value: float) -> float:
    """Round a positive number up to a short one: 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if value <= 0:
        return 1e-6
    power = 10.0 ** np.floor(np.log10(value))
    steps = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10])
    return float(steps[np.searchsorted(steps, value / power * (1 - 1e-9))] * power)

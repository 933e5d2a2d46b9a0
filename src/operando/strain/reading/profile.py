"""Values along a straight line through a displacement field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.reading.place import place_in_grid

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from operando.data import DisplacementField

POINTS = 100
LEAST_WEIGHT = 0.5
"""Share of the interpolation that must come from nodes that were measured."""


def profile(
    field: DisplacementField,
    values: NDArray[np.floating[Any]],
    start: ArrayLike,
    end: ArrayLike,
    points: int = POINTS,
    *,
    go_on: bool = True,
) -> NDArray[np.float64]:
    """Interpolate a quantity linearly along a line.

    Parameters
    ----------
    field
        Whose nodes the values belong to.
    values
        ``(nz, ny, nx)``, NaN where nothing was measured.
    start, end
        ``(3,)`` points ``(z, y, x)`` in voxels of the reference.
    points
        At equal distances, ends included.
    go_on
        Whether the quantity goes on outside the nodes as it rises or falls between the last two;
        otherwise it stays, as a standard deviation does.

    Returns
    -------
    ``(points,)``; NaN half a spacing and more outside the nodes, and where half or more of the
    nodes around are NaN.

    Raises
    ------
    InputError
        If the values are not on the nodes of the field.
    """
    from scipy.ndimage import map_coordinates

    if values.shape != field.grid_shape:
        raise InputError(
            f"Values of the shape {values.shape} on {field.grid_shape} nodes",
            "give one value per node",
        )
    line = np.linspace(np.asarray(start, float), np.asarray(end, float), points)
    place, beyond, near = place_in_grid(field, line)
    known = np.isfinite(values)
    weight = map_coordinates(known.astype(float), place.T, order=1)
    total = map_coordinates(np.where(known, values, 0).astype(float), place.T, order=1)
    for axis in range(3) if go_on else ():
        slope = _slope(values, axis) / field.spacing[axis]
        total += beyond[:, axis] * map_coordinates(slope, place.T, order=1)
    measured = near & (weight > LEAST_WEIGHT)
    return np.where(measured, total / np.where(measured, weight, 1), np.nan)


def _slope(values: NDArray[np.floating[Any]], axis: int) -> NDArray[np.float64]:
    """Rise per node along an axis, 0 where a neighbour is not known, in the shape of the values."""
    if values.shape[axis] == 1:
        return np.zeros(values.shape)
    return np.asarray(np.nan_to_num(np.gradient(values.astype(float), axis=axis)))

"""Values along a straight line through a displacement field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

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

    Returns
    -------
    ``(points,)``; NaN outside the nodes, and where half or more of the nodes around are NaN.

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
    place = ((line - field.positions[0]) / field.spacing).T
    last = np.array(field.grid_shape)[:, None] - 1
    inside = ((place > -0.5) & (place < last + 0.5)).all(axis=0)
    place = np.clip(place, 0, last)
    known = np.isfinite(values)
    weight = map_coordinates(known.astype(float), place, order=1)
    total = map_coordinates(np.where(known, values, 0).astype(float), place, order=1)
    measured = inside & (weight > LEAST_WEIGHT)
    return np.where(measured, total / np.where(measured, weight, 1), np.nan)

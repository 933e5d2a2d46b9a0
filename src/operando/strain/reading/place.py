"""Where points lie among the nodes of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import DisplacementField

BEYOND = 0.5
"""Spacings outside the nodes in which their windows still measured."""


def place_in_grid(
    field: DisplacementField, points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Find points on the grid of nodes; those a little outside have a place on its border.

    Parameters
    ----------
    field
        Whose nodes they are.
    points
        ``(..., 3)`` in voxels of the reference.

    Returns
    -------
    place
        ``(..., 3)`` in spacings from the first node, within the grid.
    beyond
        ``(..., 3)`` from there to the points, voxels.
    near
        ``(...)`` whether they lie less than half a spacing outside.
    """
    place = (points - field.positions[0]) / field.spacing
    last = np.asarray(field.grid_shape) - 1
    within = np.clip(place, 0, last)
    off = place - within
    return within, off * field.spacing, (np.abs(off) < BEYOND).all(axis=-1)

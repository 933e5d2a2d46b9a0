"""Where particles are expected in the next frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import DisplacementField
from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 8
VOTERS = 400
"""So many particles, the largest, tell the drift."""

GROWTH = 0.2
"""Standard deviation of the logarithm of the volume of one particle in two frames."""


def find_drift(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    volumes_before: NDArray[np.float64],
    volumes_after: NDArray[np.float64],
    largest: float,
) -> NDArray[np.float64]:
    """Find the common motion of particles from their centroids alone, by vote.

    Every pair of particles of similar volume votes for its difference; true pairs agree, wrong
    ones scatter.

    Parameters
    ----------
    before, after
        ``(N, 3)`` and ``(M, 3)`` centroids.
    volumes_before, volumes_after
        ``(N,)`` and ``(M,)``.
    largest
        Longest motion that is considered, in the units of the centroids.

    Returns
    -------
    ``(3,)`` motion from before to after; zeros if nothing can be told.
    """
    from scipy.spatial import cKDTree

    if min(len(before), len(after)) < 2 or largest <= 0:
        return np.zeros(3)
    voters = np.argsort(-volumes_before, kind="stable")[:VOTERS]
    pairs = cKDTree(before[voters]).sparse_distance_matrix(
        cKDTree(after), largest, output_type="coo_matrix"
    )
    i, j = voters[pairs.row], pairs.col
    likeness = np.exp(-0.5 * (np.log(volumes_before[i] / volumes_after[j]) / GROWTH) ** 2)
    votes = (after[j] - before[i])[likeness > 0.1]
    likeness = likeness[likeness > 0.1]
    if len(votes) == 0:
        return np.zeros(3)
    # A quarter of the distance of neighbours tells one particle from the next.
    tolerance = max(float(np.median(cKDTree(before).query(before, 2)[0][:, 1])) / 4, 1e-9)
    tree = cKDTree(votes)
    around = tree.query_ball_point(_densest(votes, likeness, tolerance), tolerance)
    best = max(around, key=lambda near: float(likeness[near].sum()))
    drift = np.median(votes[best], axis=0)
    for _ in range(3):
        drift = np.median(votes[tree.query_ball_point(drift, tolerance)], axis=0)
    return np.asarray(drift)


def _densest(
    votes: NDArray[np.float64], likeness: NDArray[np.float64], tolerance: float
) -> NDArray[np.float64]:
    """Means of the votes in the fullest cells of a grid, at most 100."""
    cells = np.floor(votes / tolerance).astype(np.int64)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    weight = np.bincount(which, likeness)
    sums = np.stack([np.bincount(which, likeness * votes[:, k]) for k in range(3)], axis=1)
    fullest = np.argsort(-weight, kind="stable")[:100]
    return np.asarray(sums[fullest] / weight[fullest, None])


def smooth_motion(
    places: NDArray[np.float64],
    known_places: NDArray[np.floating[Any]],
    known_motion: NDArray[np.floating[Any]],
) -> NDArray[np.float64]:
    """Motion at ``(N, 3)`` places: the median of the nearest places of known motion."""
    from scipy.spatial import cKDTree

    count = min(NEIGHBOURS, len(known_places))
    _, nearest = cKDTree(known_places).query(places, count)
    return np.asarray(np.median(known_motion[nearest.reshape(len(places), count)], axis=1))


def motion_from_field(
    field: NDArray[Any] | DisplacementField, places: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Displacement ``(N, 3)`` at ``(N, 3)`` places, voxels.

    Parameters
    ----------
    field
        ``(3, Z, Y, X)`` in voxels, or a `DisplacementField`.
    places
        Centroids in voxels of the reference frame.
    shape
        Voxels of a frame.

    Raises
    ------
    InputError
        If the field is of another shape or has no valid displacement.
    """
    if isinstance(field, DisplacementField):
        known = field.valid
        if not known.any():
            raise InputError("No node of a displacement field is valid", "leave the fields out")
        return smooth_motion(places, field.positions[known], field.displacement[known])
    field = np.asarray(field)
    if field.shape != (3, *shape):
        raise InputError(
            f"A displacement field has the shape {field.shape}, the frames need {(3, *shape)}",
            "give one displacement (z, y, x) per voxel, in voxels",
        )
    index = tuple(np.clip(np.rint(places).astype(int), 0, np.array(shape) - 1).T)
    motion = np.stack([field[k][index] for k in range(3)], axis=1).astype(float)
    known = np.isfinite(motion).all(axis=1)
    if not known.any():
        raise InputError(
            "A displacement field holds no number at any particle",
            "give one that covers the particles",
        )
    if not known.all():
        motion[~known] = smooth_motion(places[~known], places[known], motion[known])
    return motion

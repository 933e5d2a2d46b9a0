"""Convex hulls of labelled regions, from their outermost voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORNERS = np.array(list(np.ndindex(2, 2, 2))) - 0.5


@dataclass(frozen=True)
class Hull:
    """Convex hull of whole voxels.

    Parameters
    ----------
    points
        ``(P, 3)`` its corners, in the units of the spacing.
    volume
        Its volume.
    """

    points: NDArray[np.float64]
    volume: float

    def joined(self, other: Hull) -> Hull:
        """Hull of both together."""
        return _hull(np.concatenate([self.points, other.points]))


def hull_of_mask(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float], corner: tuple[int, ...]
) -> Hull:
    """Hull of a region.

    Parameters
    ----------
    mask
        ``(Z, Y, X)``, with at least one voxel.
    spacing
        Edges of a voxel ``(z, y, x)``.
    corner
        Voxel of the volume where the mask begins.
    """
    z, y = np.nonzero(mask.any(axis=2))
    rows = mask[z, y]
    first = rows.argmax(axis=1)
    last = rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([z, y, first], 1), np.stack([z, y, last], 1)])
    if np.all(np.ptp(ends, axis=0) > 0):
        ends = ends[_corners(ends.astype(float))]
    boxes = (ends[:, None] + CORNERS).reshape(-1, 3)
    return _hull((boxes + np.asarray(corner)) * np.asarray(spacing))


def _hull(points: NDArray[np.float64]) -> Hull:
    from scipy.spatial import ConvexHull

    hull = ConvexHull(points)
    return Hull(points[hull.vertices], float(hull.volume))


def _corners(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which points may be corners of their hull; all of them if they lie in a plane."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return np.asarray(ConvexHull(points).vertices)
    except QhullError:
        return np.arange(len(points))

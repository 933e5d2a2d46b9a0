"""Shape of one particle: Feret diameters, principal axes, convex hull."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Spacing = tuple[float, float, float]

DIRECTIONS = 300
"""Directions over half a sphere in which hulls are sought: some 8° apart."""

RIM = 0.25
"""How far the hull lies beyond the centres of its voxels, in voxels: 0.5 at faces along the axes,
0.15 to 0.2 at round bodies, whose outermost voxels stand out."""


FEWEST = 60
"""Voxels from which the hull tells how rough, convex or thin a body is: some 5 across. The hull of
a ball of fewer is more than a tenth too small."""


def principal_axes(
    mask: NDArray[np.bool_], spacing: Spacing
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centroid and axes of the ellipsoid with the same second moments.

    Returns
    -------
    centroid
        ``(3,)`` from the centre of the first voxel, in the unit of the spacing.
    lengths
        ``(3,)`` full axes, the longest first.
    directions
        ``(3, 3)``, one unit vector ``(z, y, x)`` per row.
    """
    count, first, second = _moments(np.ascontiguousarray(mask))
    scale = np.asarray(spacing, float)
    mean = first / count
    covariance = (second / count - np.outer(mean, mean)) * np.outer(scale, scale)
    covariance += np.diag(scale**2 / 12)
    values, vectors = np.linalg.eigh(covariance)
    return mean * scale, 2 * np.sqrt(5 * np.maximum(values[::-1], 0)), vectors.T[::-1]


def orientation(direction: NDArray[np.float64]) -> tuple[float, float]:
    """Tilt from the z axis, 0 to 90°, and azimuth from x towards y, 0 to 180°.

    A direction and its opposite are the same axis. The azimuth is that of the line that it is in
    the plane, whichever end of it rises.
    """
    z, y, x = direction if direction[0] >= 0 else -direction
    tilt = float(np.degrees(np.arccos(np.clip(z, 0, 1))))
    return tilt, float(np.degrees(np.arctan2(y, x)) % 180)


def convex_shape(mask: NDArray[np.bool_], spacing: Spacing) -> dict[str, float]:
    """Feret diameters, volume and area of the convex hull.

    The hull spans the centres of the outermost voxels and a rim of a quarter of a voxel. The least
    Feret diameter is the least distance of two parallel planes, one of which holds a facet.

    Returns
    -------
    ``feret_max``, ``feret_min``, ``hull_area`` and ``hull_volume`` in the unit of the spacing; all
    but the first are NaN for fewer than `FEWEST` voxels.
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    points = _extreme_points(mask, np.asarray(spacing, float))
    hull = ConvexHull(points)
    corners = points[hull.vertices]
    longest = float(pdist(corners).max())
    if np.count_nonzero(mask) < FEWEST:
        unknown = dict.fromkeys(("feret_min", "hull_area", "hull_volume"), float("nan"))
        return {"feret_max": longest, **unknown}
    return {
        "feret_max": longest,
        "feret_min": float(_least_width(corners, hull.equations[:, :3])),
        "hull_area": float(hull.area),
        "hull_volume": float(hull.volume),
    }


def _extreme_points(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the rim that lie farthest in each direction."""
    z, y = np.nonzero(mask.any(axis=2))
    rows = mask[z, y]
    first = rows.argmax(axis=1)
    last = rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([z, y, first], 1), np.stack([z, y, last], 1)]) * spacing
    directions = _directions()
    farthest = _farthest(ends, directions)
    rim = RIM * spacing * np.concatenate([directions, -directions])
    return np.asarray(ends[farthest] + rim)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _farthest(points: Any, directions: Any) -> Any:
    """First point that lies farthest along each direction, then against each."""
    n = len(directions)
    out = np.zeros(2 * n, np.int64)
    for k in range(n):
        z, y, x = directions[k]
        highest, lowest = -np.inf, np.inf
        for i in range(len(points)):
            height = z * points[i, 0] + y * points[i, 1] + x * points[i, 2]
            if height > highest:
                highest, out[k] = height, i
            if height < lowest:
                lowest, out[n + k] = height, i
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _least_width(points: Any, normals: Any) -> float:
    """Least extent of points along any of the normals."""
    least = np.inf
    for k in range(len(normals)):
        z, y, x = normals[k]
        highest, lowest = -np.inf, np.inf
        for i in range(len(points)):
            height = z * points[i, 0] + y * points[i, 1] + x * points[i, 2]
            highest, lowest = max(highest, height), min(lowest, height)
        least = min(least, highest - lowest)
    return least


@cache
def _directions() -> NDArray[np.float64]:
    """Directions spread evenly over half a sphere (Fibonacci lattice), and the axes."""
    k = np.arange(DIRECTIONS)
    z = (k + 0.5) / DIRECTIONS
    angle = k * np.pi * (3 - np.sqrt(5))
    r = np.sqrt(1 - z**2)
    return np.vstack([np.stack([z, r * np.sin(angle), r * np.cos(angle)], axis=1), np.eye(3)])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _moments(mask: Any) -> Any:
    count = 0
    first = np.zeros(3)
    second = np.zeros((3, 3))
    at = np.empty(3)
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            for x in range(mask.shape[2]):
                if not mask[z, y, x]:
                    continue
                count += 1
                at[0], at[1], at[2] = z, y, x
                for i in range(3):
                    first[i] += at[i]
                    for j in range(i + 1):
                        second[i, j] += at[i] * at[j]
    for i in range(3):
        for j in range(i):
            second[j, i] = second[i, j]
    return count, first, second

"""Where particles lie among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 6
"""As many nearest neighbours enter the mean distance, as in ParticleNetworkDynamics (2022)."""


def neighbour_distances(
    centres: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from every centre to the nearest other one, and mean distance to the six nearest.

    Parameters
    ----------
    centres
        ``(N, 3)``.

    Returns
    -------
    Two arrays ``(N,)``; NaN where there is no other particle. With fewer than six, over all.
    """
    from scipy.spatial import cKDTree

    others = min(NEAREST, len(centres) - 1)
    if others < 1:
        missing = np.full(len(centres), np.nan)
        return missing, missing.copy()
    distances, _ = cKDTree(centres).query(centres, k=others + 1)
    return distances[:, 1], distances[:, 1:].mean(axis=1)


def packing_density(
    ids: NDArray[np.int32],
    centres: NDArray[np.float64],
    edge: float,
    spacing: tuple[float, float, float],
    unseen: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Share of particles in the cube around every centre, as far as the image shows the cube.

    NaN where it shows nothing of the cube.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``.
    centres
        ``(N, 3)``, in the unit of the spacing.
    edge
        Of the cube, likewise.
    spacing
        Voxel size ``(z, y, x)``.
    unseen
        ``(Z, Y, X)`` what was not imaged; None if all was.
    """
    low = np.rint((centres - edge / 2) / spacing).astype(np.int64)
    high = np.rint((centres + edge / 2) / spacing).astype(np.int64) + 1
    upper = np.array(ids.shape)
    low, high = np.clip(low, 0, upper - 1), np.clip(high, 1, upper)
    shares = np.asarray(_shares(ids, low, high))
    seen = np.ones(len(shares)) if unseen is None else 1 - _shares(unseen, low, high)
    shown = np.full(len(shares), np.nan)
    return np.asarray(np.divide(shares, seen, out=shown, where=seen > 0))


def depth_below(
    centres: NDArray[np.float64],
    shape: tuple[int, ...],
    spacing: tuple[float, float, float],
    side: str,
) -> NDArray[np.float64]:
    """Distance of centres from a side of the image such as ``"z first"``, half a voxel out."""
    letter, _, end = side.partition(" ")
    axis = "zyx".index(letter)
    half = spacing[axis] / 2
    places = centres[:, axis]
    if end == "first":
        return np.asarray(places + half)
    return np.asarray((shape[axis] - 1) * spacing[axis] + half - places)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shares(ids: Any, low: Any, high: Any) -> Any:
    """Count slice by slice, from the sums over all rectangles that begin at the first voxel."""
    nz, ny, nx = ids.shape
    counts = np.zeros(len(low), np.int64)
    sums = np.zeros((ny + 1, nx + 1), np.int64)
    for z in range(nz):
        for y in range(ny):
            row = 0
            for x in range(nx):
                row += ids[z, y, x] > 0
                sums[y + 1, x + 1] = sums[y, x + 1] + row
        for i in range(len(low)):
            if low[i, 0] <= z < high[i, 0]:
                a, b, c, d = low[i, 1], high[i, 1], low[i, 2], high[i, 2]
                counts[i] += sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]
    edges = high - low
    return counts / (edges[:, 0] * edges[:, 1] * edges[:, 2])

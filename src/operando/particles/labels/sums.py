"""Size, centroid and box of every label, and what the labels of two volumes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box


@dataclass(frozen=True)
class Places:
    """Where labels 0 to N are.

    Parameters
    ----------
    count
        ``(N + 1,)`` voxels; entry 0 stays 0.
    total
        ``(N + 1, 3)`` sums of the coordinates of the voxels.
    low, high
        ``(N + 1, 3)`` first voxel of the box around each and the one after the last.
    """

    count: NDArray[np.int64]
    total: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def centroid(self) -> NDArray[np.float64]:
        """``(N + 1, 3)`` in voxels, NaN for labels that do not occur."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.total / self.count[:, None])

    def box(self, label: int) -> Box:
        """Box around a label."""
        ends = zip(self.low[label], self.high[label], strict=True)
        z, y, x = (slice(int(a), int(b)) for a, b in ends)
        return z, y, x

    @classmethod
    def joined(cls, parts: Sequence[Places]) -> Places:
        """Of a volume, from those of its blocks."""
        n = max(len(part.count) for part in parts)
        out = _nowhere(n)
        for part in parts:
            own = slice(0, len(part.count))
            out.count[own] += part.count
            out.total[own] += part.total
            np.minimum(out.low[own], part.low, out=out.low[own])
            np.maximum(out.high[own], part.high, out=out.high[own])
        return out


def find_places(ids: NDArray[np.int32], start: tuple[int, ...] = (0, 0, 0)) -> Places:
    """Find the labels of a block that begins at a voxel of the volume."""
    out = _nowhere(int(ids.max(initial=0)) + 1)
    _sums(ids, np.array(start), out.count, out.total, out.low, out.high)
    return out


def count_and_centre(ids: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Voxels and centroids of labels 0 to N.

    Returns
    -------
    count
        ``(N + 1,)``.
    centroid
        ``(N + 1, 3)`` in voxels, NaN for labels that do not occur.
    """
    found = find_places(ids)
    return found.count, found.centroid


def count_voxels(labels: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Voxels ``(n,)`` of labels 0 to n - 1, without the copy of the volume that NumPy makes."""
    counts = np.zeros(n, np.int64)
    _count(labels.reshape(-1), counts)
    return counts


def _nowhere(n: int) -> Places:
    low = np.full((n, 3), np.iinfo(np.int64).max)
    return Places(np.zeros(n, np.int64), np.zeros((n, 3)), low, np.zeros((n, 3), np.int64))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _count(labels: Any, counts: Any) -> None:
    for label in labels:
        counts[label] += 1


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sums(ids: Any, start: Any, count: Any, total: Any, low: Any, high: Any) -> None:
    nz, ny, nx = ids.shape
    at = np.empty(3, np.int64)
    for z in range(nz):
        at[0] = start[0] + z
        for y in range(ny):
            at[1] = start[1] + y
            for x in range(nx):
                label = ids[z, y, x]
                if label > 0:
                    at[2] = start[2] + x
                    count[label] += 1
                    for axis in range(3):
                        p = at[axis]
                        total[label, axis] += p
                        if p < low[label, axis]:
                            low[label, axis] = p
                        if p >= high[label, axis]:
                            high[label, axis] = p + 1


def overlaps(
    a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the voxels of every pair of labels that share any.

    Returns
    -------
    Labels in `a`, labels in `b` and number of voxels, sorted; background included as 0.
    """
    n = int(b.max(initial=0)) + 1
    keys, counts = np.unique(a.astype(np.int64) * n + b, return_counts=True)
    return keys // n, keys % n, counts

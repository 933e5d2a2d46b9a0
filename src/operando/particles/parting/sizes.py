"""Sizes of particles that are found block by block, and what they are numbered by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from operando.particles.labels.sums import count_voxels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.tiles import Tile


SMALLEST = 1 / 4
"""Least diameter of a particle, in typical ones."""

SMALLEST_CUT = 1 / 6
"""Least diameter of what is seen of a particle at the image border, in typical ones."""

LARGEST_DOUBT = 0.6
"""Share of a particle that may be in doubt. Of binder that was taken for a particle, more is."""


@dataclass(frozen=True)
class Sizes:
    """Voxels of every label and how many are in doubt, its first one, and whether it is cut off."""

    count: NDArray[np.int64]
    first: NDArray[np.int64]
    cut: NDArray[np.bool_]
    doubt: NDArray[np.int64]

    @classmethod
    def none(cls, n: int) -> Sizes:
        """Of `n` labels that have not been seen."""
        last = np.iinfo(np.int64).max
        return cls(
            np.zeros(n, np.int64), np.full(n, last), np.zeros(n, bool), np.zeros(n, np.int64)
        )

    def add(self, ids: NDArray[np.int32], tile: Tile, shape: tuple[int, ...]) -> None:
        """Count the labels of the core of a block; `shape` is that of the volume."""
        start = tuple(s.start for s in tile.core)
        _add_sizes(np.ascontiguousarray(ids), start, shape, self.count, self.first, self.cut)

    def add_doubt(self, ids: NDArray[np.int32]) -> None:
        """Count the voxels that are in doubt; the other ones are 0."""
        self.doubt[1:] += count_voxels(ids, len(self.count))[1:]

    def numbers(
        self, smallest: float | None, typical: float, voxel: float, thinnest: float
    ) -> NDArray[np.int32]:
        """Return numbers ``(N,)`` from 1 in order of the first voxel.

        They are 0 for what is too small, or too much in doubt.

        Parameters
        ----------
        smallest
            Least equivalent diameter; None: `SMALLEST` and `SMALLEST_CUT` of the typical one.
        typical
            Typical diameter.
        voxel
            Volume of a voxel.
        thinnest
            Shortest edge of the image: no more than a disc so thick is asked of what it cuts.
        """
        limits = np.array([smallest or typical * share for share in (SMALLEST, SMALLEST_CUT)])
        inside, cut = np.pi / 6 * limits**3 / voxel
        cut = min(cut, np.pi / 4 * limits[1] ** 2 * thinnest / voxel)
        large = self.count >= np.where(self.cut, cut, inside)
        kept = np.flatnonzero(large & (self.doubt <= LARGEST_DOUBT * self.count))
        kept = kept[kept > 0]
        names = np.zeros(len(self.count), np.int32)
        names[kept[np.argsort(self.first[kept])]] = np.arange(1, len(kept) + 1)
        return names


@njit(cache=True)  # type: ignore[untyped-decorator]
def _add_sizes(ids: Any, start: Any, shape: Any, count: Any, first: Any, cut: Any) -> None:
    for i in range(ids.shape[0]):
        z = start[0] + i
        for j in range(ids.shape[1]):
            y = start[1] + j
            at_end = z == 0 or y == 0 or z == shape[0] - 1 or y == shape[1] - 1
            for k in range(ids.shape[2]):
                label = ids[i, j, k]
                if label == 0:
                    continue
                x = start[2] + k
                count[label] += 1
                place = (z * shape[1] + y) * shape[2] + x
                if place < first[label]:
                    first[label] = place
                if at_end or x == 0 or x == shape[2] - 1:
                    cut[label] = True

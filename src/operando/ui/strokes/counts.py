"""How many voxels of every class are painted, slice by slice, without reading everything anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from operando.study.journal import Box

_LABELS = 256


class StrokeCounts:
    """Painted voxels of an array ``(t, z, y, x)`` by slice and label.

    Parameters
    ----------
    array
        Labels, 0 where nothing is painted.
    slices
        Frame and z of the slices that may hold strokes.
    """

    def __init__(self, array: NDArray[np.uint8], slices: Iterable[tuple[int, int]]) -> None:
        self._array = array
        self._counts = {(t, z): _count(array[t, z]) for t, z in slices}

    @property
    def voxels(self) -> dict[int, int]:
        """Painted voxels of every label that has any."""
        total = sum(self._counts.values(), np.zeros(_LABELS, np.int64))
        return {int(k): int(total[k]) for k in np.flatnonzero(total)}

    @property
    def slices(self) -> list[tuple[int, int]]:
        """Frame and z of every slice that holds strokes, in order."""
        return sorted(where for where, counts in self._counts.items() if counts.any())

    def add(self, box: Box, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
        """Take in an edit of ``array[box]``."""
        for t, z in np.ndindex(before.shape[:2]):
            where = (box[0].start + t, box[1].start + z)
            old = self._counts.get(where, np.zeros(_LABELS, np.int64))
            self._counts[where] = old + _count(after[t, z]) - _count(before[t, z])

    def recount(self, box: Box) -> None:
        """Count the slices of a box anew."""
        for t in range(box[0].start, box[0].stop):
            for z in range(box[1].start, box[1].stop):
                self._counts[t, z] = _count(self._array[t, z])


def _count(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Voxels per label, those of label 0 left out."""
    return np.bincount(labels[labels > 0], minlength=_LABELS)

"""Connected pieces of the phases of a volume, of which only a slab is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SLAB = 32
_KEPT = 3
_NONE = np.empty(0, np.int32)


class Pieces:
    """Voxels of one class that hang together through faces.

    Slabs are labelled one by one and joined where they meet; the slab is labelled anew where it
    is read again.

    Parameters
    ----------
    labels
        ``(Z, Y, X)`` classes 1..K, 0 is nothing; may lie on disk. Must not change meanwhile.
    only
        Look at this class alone; 0 takes all.
    not_imaged
        Label of what was not imaged, if there is such.
    on_slab
        Called after every slab that is labelled.

    Attributes
    ----------
    sizes
        ``(n,)`` voxels of every piece.
    classes
        ``(n,)`` class of every piece.
    sides
        ``(n, 6)`` whether it touches the first and the last slice along z, y and x.
    at_gap
        ``(n,)`` whether it touches what was not imaged.
    """

    def __init__(
        self,
        labels: Any,
        only: int = 0,
        *,
        not_imaged: int = -1,
        on_slab: Callable[[], None] = lambda: None,
    ) -> None:
        self._labels = labels
        self._only = only
        self._not_imaged = not_imaged
        self._on_slab = on_slab
        z, y, x = (int(n) for n in labels.shape)
        self.shape = (z, y, x)
        self._kept: dict[int, NDArray[Any]] = {}
        self._first: list[int] = []
        self._numbers = np.zeros(1, np.int32)
        self._find()

    @property
    def may_go_on(self) -> NDArray[np.bool_]:
        """``(n,)`` whether a piece touches a side of the volume, or what was not imaged."""
        return np.asarray(self.sides.any(axis=1) | self.at_gap)

    def read(self, low: int, high: int) -> NDArray[np.int32]:
        """Give the slices `low` to `high` with numbers of pieces from 1; 0 is nothing."""
        parts = []
        for z in range(low // SLAB * SLAB, high, SLAB):
            ids = self._slab(z)
            offset = self._first[z // SLAB]
            ids = ids[max(0, low - z) : high - z].astype(np.int64)
            parts.append(self._numbers[np.where(ids > 0, ids + offset, 0)])
        return np.concatenate(parts)

    def slabs(self) -> Iterator[tuple[int, int]]:
        """First slice of every slab, and the one after its last."""
        for z in range(0, self.shape[0], SLAB):
            yield z, min(z + SLAB, self.shape[0])

    def _slab(self, z: int) -> NDArray[Any]:
        """Give one labelled slab; the last few are kept."""
        if z not in self._kept:
            self._kept[z] = self._label(np.asarray(self._labels[z : z + SLAB]))
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return self._kept[z]

    def _label(self, block: NDArray[Any]) -> NDArray[Any]:
        """Label the pieces of a slab by itself."""
        import cc3d

        if self._only:
            block = (block == self._only).astype(np.uint8)
        ids = cc3d.connected_components(np.ascontiguousarray(block), connectivity=6)
        self._on_slab()
        return np.asarray(ids)

    def _find(self) -> None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        sizes, classes, sides, joins = [], [], [], [np.empty((0, 2), np.int64)]
        cut = [np.empty(0, np.int64)]
        above: tuple[NDArray[Any], NDArray[Any]] | None = None
        total = 0
        for z, end in self.slabs():
            labels = np.asarray(self._labels[z:end])
            ids = self._label(labels)
            count = int(ids.max())
            self._first.append(total)
            sizes.append(np.bincount(ids.ravel(), minlength=count + 1)[1:])
            own = np.zeros(count + 1, np.uint8)
            own[ids] = labels
            classes.append(own[1:])
            sides.append(_sides(ids, count, z == 0, end == self.shape[0]))
            first, last = (
                np.where(ids[k] > 0, ids[k].astype(np.int64) + total, 0) for k in (0, -1)
            )
            if above is not None:
                meet = (above[0] > 0) & (first > 0) & (above[1] == labels[0])
                pairs = np.stack([above[0][meet], first[meet]], axis=1)
                joins.append(np.unique(pairs, axis=0) - 1)
                cut += [
                    above[0][labels[0] == self._not_imaged],
                    first[above[1] == self._not_imaged],
                ]
            cut.append(_beside(ids, labels == self._not_imaged, total))
            above = last, labels[-1]
            total += count
        pairs = np.concatenate(joins)
        graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(total, total))
        n, piece = connected_components(graph, directed=False) if total else (0, _NONE)
        self._numbers = np.concatenate([[0], piece + 1]).astype(np.int32)
        self.sizes = np.bincount(piece, weights=np.concatenate(sizes), minlength=n).astype(np.int64)
        self.classes = np.zeros(n, np.uint8)
        self.classes[piece] = np.concatenate(classes)
        self.sides = np.zeros((n, 6), np.bool_)
        np.logical_or.at(self.sides, piece, np.concatenate(sides))
        self.at_gap = np.isin(np.arange(n), self._numbers[np.unique(np.concatenate(cut))] - 1)


def _sides(ids: NDArray[Any], count: int, top: bool, bottom: bool) -> NDArray[np.bool_]:
    """Which sides of the volume the pieces of a slab touch, ``(count, 6)``."""
    found = np.zeros((count + 1, 6), np.bool_)
    found[ids[0], 0] = top
    found[ids[-1], 1] |= bottom
    for side, plane in enumerate((ids[:, 0], ids[:, -1], ids[:, :, 0], ids[:, :, -1]), 2):
        found[plane, side] = True
    return found[1:]


def _beside(ids: NDArray[Any], gaps: NDArray[np.bool_], offset: int) -> NDArray[np.int64]:
    """Which pieces of a slab touch gaps in it, plus an offset; 0 may be among them."""
    from scipy.ndimage import binary_dilation

    found = np.unique(ids[binary_dilation(gaps)]).astype(np.int64) if gaps.any() else _NONE
    return np.where(found > 0, found + offset, 0)

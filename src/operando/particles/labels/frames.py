"""Frames that need not be in memory, and where particles are in them, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.particles.labels.sums import Places, find_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box

WHOLE = 160_000_000
"""Frames of up to so many voxels are one block."""

EDGE = 256
"""Edge of the blocks of larger frames, voxels."""


@dataclass(frozen=True)
class Frame:
    """One frame of a series ``(T, ...)`` such as a Zarr array; read and written box by box."""

    series: Any
    index: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the frame."""
        return tuple(self.series.shape[1:])

    @property
    def dtype(self) -> Any:
        """Of a voxel."""
        return self.series.dtype

    def __getitem__(self, box: Any) -> NDArray[Any]:
        return np.asarray(self.series[(self.index, *box)])

    def __setitem__(self, box: Any, values: NDArray[Any]) -> None:
        self.series[(self.index, *box)] = values


class Frames:
    """The frames of a series, in order."""

    def __init__(self, series: Any) -> None:
        self._series = series

    def __len__(self) -> int:
        return int(self._series.shape[0])

    def __getitem__(self, index: int) -> Frame:
        return Frame(self._series, index)

    def __iter__(self) -> Iterator[Frame]:
        for t in range(len(self)):
            yield self[t]


def block_size(shape: Sequence[int], edge: int | None = None) -> tuple[int, ...]:
    """Size of the blocks in which a frame is worked through: all of it if it is not large."""
    if edge is None and int(np.prod(shape)) <= WHOLE:
        return tuple(shape)
    return (edge or EDGE,) * len(shape)


def blocks(shape: Sequence[int], edge: int | None = None) -> Iterator[Box]:
    """Boxes that cover a frame once."""
    for tile in plan_tiles(shape, block_size(shape, edge)):
        z, y, x = tile.core
        yield z, y, x


def places(ids: Any, edge: int | None = None) -> Places:
    """Size, centroid and box of all particles of a frame, read block by block."""
    return Places.joined(
        [
            find_places(np.ascontiguousarray(ids[box], np.int32), tuple(s.start for s in box))
            for box in blocks(ids.shape, edge)
        ]
    )


def groups(
    found: Places, shape: Sequence[int], edge: int | None = None
) -> Iterator[tuple[Box, NDArray[np.int64]]]:
    """Particles that are best read together: a box that holds them wholly, and their ids."""
    there = np.flatnonzero(found.count)
    size = np.array(block_size(shape, edge))
    keys = found.low[there] // size
    _, group = np.unique(keys, axis=0, return_inverse=True)
    for k in range(int(group.max(initial=-1)) + 1):
        ids = there[group.reshape(-1) == k]
        low, high = found.low[ids].min(axis=0), found.high[ids].max(axis=0)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        yield (z, y, x), ids

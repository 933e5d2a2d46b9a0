"""Blend overlapping windows into blocks of a volume that never lies in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.tiles import blend_weights, overlapping_starts, plan_tiles
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from operando.compute.tiles import Box
    from operando.nets.architecture import Triple
    from operando.nets.backends import Backend


@dataclass(frozen=True, kw_only=True)
class WindowGrid:
    """Windows of one size that cover a volume, the same ones however it is cut into blocks.

    Parameters
    ----------
    shape
        Voxels of the volume ``(z, y, x)``.
    window
        Voxels of a window; clipped to the volume.
    overlap
        Voxels that neighbouring windows share at least.
    """

    shape: Triple
    window: Triple
    overlap: Triple

    def __post_init__(self) -> None:
        if min(self.window) < 1 or any(
            not 0 <= o < w for o, w in zip(self.overlap, self.window, strict=True)
        ):
            raise InputError(f"Windows of {self.window} voxels cannot overlap by {self.overlap}")
        clipped = tuple(min(w, n) for w, n in zip(self.window, self.shape, strict=True))
        object.__setattr__(self, "window", clipped)

    def starts(self, axis: int) -> list[int]:
        """First voxels of the windows along an axis."""
        return overlapping_starts(self.shape[axis], self.window[axis], self.overlap[axis])

    def touching(self, axis: int, part: slice) -> list[int]:
        """First voxels of the windows that share voxels with a part of an axis."""
        n = self.window[axis]
        return [s for s in self.starts(axis) if s < part.stop and s + n > part.start]

    def total_weight(self, axis: int) -> NDArray[np.float32]:
        """Sum of the blending weights of all windows along an axis, per voxel of the volume."""
        weights = blend_weights(self.window[axis : axis + 1])
        total = np.zeros(self.shape[axis], np.float32)
        for start in self.starts(axis):
            total[start : start + len(weights)] += weights
        return total

    def count(self, boxes: Iterable[Box]) -> int:
        """How many windows `blend` computes for some of its blocks."""
        return sum(
            len({z for box in column for z in self.touching(0, box[0])})
            * len(self.touching(1, column[0][1]))
            * len(self.touching(2, column[0][2]))
            for column in columns_of(boxes)
        )


@dataclass(frozen=True)
class Block:
    """A finished part of a volume.

    Parameters
    ----------
    box
        Where it lies.
    probabilities
        ``(K, z, y, x)`` float32, adding up to 1 over the classes.
    """

    box: Box
    probabilities: NDArray[np.float32]


def blend(
    read: Callable[[Box], NDArray[np.float32]],
    backend: Backend,
    grid: WindowGrid,
    block: Sequence[int],
    *,
    is_done: Callable[[Box], bool] = lambda _: False,
    on_window: Callable[[], None] = lambda: None,
) -> Iterator[Block]:
    """Predict a volume block by block.

    Every voxel is the mean of all windows of the grid that hold it, weighted by `blend_weights`:
    the blocks equal the same parts of the whole volume, whatever their size. Along z, windows
    are computed once and carried over; along y and x, those that cross into another column of
    blocks are computed for both, so wide blocks save time.

    Parameters
    ----------
    read
        Gives a box of the volume as ``(C, z, y, x)``, normalised.
    backend
        Runs the network.
    grid
        The windows.
    block
        Voxels of a block ``(z, y, x)``; memory holds one block and one row of windows.
    is_done
        Blocks to leave out, because they were finished before.
    on_window
        Called after every window.

    Yields
    ------
    Finished blocks, column by column, from low to high z.
    """
    blender = _Blender(read, backend, grid, on_window)
    left = (tile.core for tile in plan_tiles(grid.shape, block) if not is_done(tile.core))
    for column in columns_of(left):
        yield from blender.column(column)


def columns_of(boxes: Iterable[Box]) -> list[list[Box]]:
    """Gather blocks that lie one below the other."""
    columns: dict[tuple[Any, ...], list[Box]] = {}
    for box in boxes:
        columns.setdefault(tuple((s.start, s.stop) for s in box[1:]), []).append(box)
    return list(columns.values())


@dataclass(frozen=True)
class _Blender:
    """What `blend` is given."""

    read: Callable[[Box], NDArray[np.float32]]
    backend: Backend
    grid: WindowGrid
    on_window: Callable[[], None]

    def column(self, boxes: list[Box]) -> Iterator[Block]:
        """Predict blocks that lie one below the other, from low to high z."""
        depth = self.grid.window[0]
        totals = [self.grid.total_weight(axis) for axis in range(3)]
        layers: dict[int, NDArray[np.float32]] = {}
        for box in boxes:
            needed = self.grid.touching(0, box[0])
            layers = {z: layer for z, layer in layers.items() if z in needed}
            for z in needed:
                if z not in layers:
                    layers[z] = self._layer(z, *box[1:])
            shape = tuple(side.stop - side.start for side in box)
            total = np.zeros((len(layers[needed[0]]), *shape), np.float32)
            for z in needed:
                a, b = max(z, box[0].start), min(z + depth, box[0].stop)
                total[:, a - box[0].start : b - box[0].start] += layers[z][:, a - z : b - z]
            for axis, (weights, side) in enumerate(zip(totals, box, strict=True)):
                total /= weights[side].reshape([-1 if i == axis + 1 else 1 for i in range(4)])
            yield Block(box, total)

    def _layer(self, z: int, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Weighted sum of one layer of windows over a column: ``(K, window z, rows, cols)``."""
        depth, height, width = self.grid.window
        weights = blend_weights(self.grid.window)
        layer: NDArray[np.float32] | None = None
        for y, x in product(self.grid.touching(1, rows), self.grid.touching(2, cols)):
            box = (slice(z, z + depth), slice(y, y + height), slice(x, x + width))
            answer = self.backend(self.read(box)[None])[0]
            if layer is None:
                extent = (rows.stop - rows.start, cols.stop - cols.start)
                layer = np.zeros((len(answer), depth, *extent), np.float32)
            ya, yb = max(y, rows.start), min(y + height, rows.stop)
            xa, xb = max(x, cols.start), min(x + width, cols.stop)
            inner = (slice(None), slice(ya - y, yb - y), slice(xa - x, xb - x))
            outer = (
                slice(ya - rows.start, yb - rows.start),
                slice(xa - cols.start, xb - cols.start),
            )
            layer[:, :, *outer] += answer[:, *inner] * weights[inner]
            self.on_window()
        if layer is None:
            raise InputError(f"No window covers the columns {rows}, {cols}")
        return layer

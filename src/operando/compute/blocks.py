"""Filter a series block by block: bounded memory, a map of what is done, progress and cancel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import DTypeLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.compute.tiles import Box, Tile

Triple = tuple[int, int, int]
_SLICE_BYTES = 512 * 2**20
_CHUNK = (32, 128, 128)


@dataclass(frozen=True)
class Extent:
    """How large a block a filter is given.

    Parameters
    ----------
    core
        Voxels ``(z, y, x)`` that are computed at once.
    halo
        Voxels around them that the filter has to see.
    """

    core: Triple
    halo: Triple = (0, 0, 0)


@dataclass(frozen=True)
class Place:
    """Where a block lies.

    Parameters
    ----------
    frame, channel
        Of the series.
    box
        ``(z, y, x)`` that was read.
    known
        Which of its voxels hold a number ``(z, y, x)``; None for all.
    """

    frame: int
    channel: int
    box: Box
    known: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)

    @property
    def slices(self) -> range:
        """Numbers of its slices."""
        return range(self.box[0].start, self.box[0].stop)


def whole_slices(shape: Triple) -> Extent:
    """Blocks of whole slices, as many as make half a gigabyte at most."""
    slices = _CHUNK[0]
    while slices > 1 and 4 * slices * shape[1] * shape[2] > _SLICE_BYTES:
        slices //= 2
    return Extent((slices, shape[1], shape[2]))


def cubes(shape: Triple, halo: int) -> Extent:
    """Blocks of 64 x 256 x 256 voxels with an equal halo along every axis that has voxels."""
    z, y, x = (halo if n > 1 else 0 for n in shape)
    return Extent((2 * _CHUNK[0], 2 * _CHUNK[1], 2 * _CHUNK[2]), (z, y, x))


def filter_blocks(
    source: Any,
    target: Any,
    function: Callable[[NDArray[np.float32], Place], NDArray[Any]],
    extent: Extent,
    *,
    is_done: Callable[[str], bool] = lambda key: False,
    on_block: Callable[[str], None] = lambda key: None,
    progress: ProgressCallback | None = None,
    message: str = "",
) -> None:
    """Write ``function(block, place)`` of every block.

    Parameters
    ----------
    source
        ``(t, c, z, y, x)``; only slices of it are read.
    target
        Array of the same shape that can be written to. Integers are rounded and clipped.
    function
        Takes grey values as float32 ``(z, y, x)`` with halo, never NaN (voxels that are not
        finite are filled with the median, and come out as they were), and returns as many.
    extent
        Size and halo of the blocks.
    is_done, on_block
        Which blocks, by a key, need not be done again; called with every one that is written.
    progress
        Told after every block; raises `Cancelled` to stop.
    message
        What is being done.
    """
    frames, channels, *volume = (int(n) for n in source.shape)
    tiles = plan_tiles(volume, extent.core, extent.halo)
    watch = Stopwatch(progress, frames * channels * len(tiles), "blocks", message)
    for t in range(frames):
        for c in range(channels):
            for tile in tiles:
                key = block_key(t, c, tile)
                if not is_done(key):
                    target[(t, c, *tile.core)] = filter_block(source, t, c, tile, function)
                    on_block(key)
                watch.advance()


def filter_block(
    source: Any,
    t: int,
    c: int,
    tile: Tile,
    function: Callable[[NDArray[np.float32], Place], NDArray[Any]],
) -> NDArray[Any]:
    """Return the core of one filtered block, in the type of the source."""
    raw = np.asarray(source[(t, c, *tile.padded)])
    known = np.isfinite(raw) if raw.dtype.kind == "f" else None
    grey = raw.astype(np.float32)
    if known is not None and not known.all():
        grey[~known] = np.median(grey[known]) if known.any() else 0
    out = function(grey, Place(t, c, tile.padded, known))[tile.inner]
    if known is not None and not known.all():
        out = np.where(known[tile.inner], out, raw[tile.inner])
    return as_type(out, raw.dtype)


def block_key(t: int, c: int, tile: Tile) -> str:
    """Name of a block in a map of what is done."""
    return f"{t} {c} " + " ".join(f"{side.start}:{side.stop}" for side in tile.core)


def as_type(values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Convert grey values; integers are rounded and clipped to what the type can hold."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return np.asarray(values >= 0.5)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        values = np.clip(np.rint(np.asarray(values, np.float64)), limits.min, limits.max)
    return np.asarray(values).astype(kind)


def sample_slices(depth: int, most: int = 24) -> Sequence[int]:
    """Slice numbers evenly spread over a volume, for statistics of it."""
    return sorted({round(float(z)) for z in np.linspace(0, depth - 1, min(depth, most))})

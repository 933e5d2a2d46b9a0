"""Unpack a part of a chunk that Blosc packed, block by block.

Blosc packs 64 kB or so at a time. A slice along z lies in one of the eight blocks of a chunk of
64³ voxels, so that the other seven need neither be read nor unpacked.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = 16
"""Bytes before the table of blocks: versions, flags, then three sizes."""
_FLAGS, _SIZES, _COPIED = 2, 4, 2
_WORTH = 0.5
"""Share of a chunk from which it is read as a whole."""


def unpack_part(
    file: IO[bytes], packed: bytearray, out: NDArray[np.uint8], start: int, stop: int
) -> None:
    """Unpack bytes `start` to `stop` of a chunk, and whatever shares a block with them.

    Parameters
    ----------
    file
        The chunk, opened without a buffer.
    packed
        Room for the whole chunk as it is stored.
    out
        Room for its bytes ``(n,)``; what lies elsewhere in it may change too.
    start, stop
        Which of these bytes are wanted.

    Raises
    ------
    ValueError, RuntimeError
        If the chunk is damaged.
    """
    length = os.fstat(file.fileno()).st_size
    whole = stop - start > _WORTH * out.size
    known = file.readinto(packed if whole else memoryview(packed)[: min(length, 1024)])  # type: ignore[attr-defined]
    sizes = np.frombuffer(packed, "<u4", 3, _SIZES) if known >= HEADER else np.zeros(3, "<u4")
    n_bytes, block, n_packed = (int(n) for n in sizes)
    # Blosc believes these sizes, and would read past the end of a damaged chunk.
    if (n_bytes, n_packed) != (out.size, length) or not 0 < block <= n_bytes:
        raise ValueError("its header does not fit it")
    if not whole and packed[_FLAGS] & _COPIED:
        _fill(file, HEADER + start, out[start:stop].data)
        return
    first, last = start // block, -(-stop // block)
    starts = None if whole else _starts(packed, known, -(-n_bytes // block), length)
    if starts is None:
        _fill(file, known, memoryview(packed)[known:length])
        _decode(memoryview(packed)[:length], out)
        return
    # A last block that is shorter would be a chunk of less than a block.
    first -= first > 0 and last * block > n_bytes
    table = HEADER + 4 * (last - first)
    ends = [*starts[1:], length]
    size = int(ends[last - 1] - starts[first])
    part = out[first * block : last * block]
    packed[_SIZES:HEADER] = np.array((part.size, block, table + size), "<u4").tobytes()
    packed[HEADER:table] = (starts[first:last] - starts[first] + table).astype("<u4").tobytes()
    _fill(file, int(starts[first]), memoryview(packed)[table : table + size])
    _decode(memoryview(packed)[: table + size], part)


def _starts(packed: bytearray, known: int, n_blocks: int, length: int) -> NDArray[np.int64] | None:
    """Where the blocks begin; None if they do not follow each other, or the table is long."""
    if HEADER + 4 * n_blocks > known:
        return None
    starts = np.frombuffer(packed, "<u4", n_blocks, HEADER).astype(np.int64)
    ordered = starts[0] == HEADER + 4 * n_blocks and starts[-1] < length
    return starts if ordered and (np.diff(starts) > 0).all() else None


def _fill(file: IO[bytes], at: int, room: memoryview) -> None:
    file.seek(at)
    if room.nbytes and file.readinto(room) != room.nbytes:  # type: ignore[attr-defined]
        raise ValueError("it ends too early")


def _decode(packed: memoryview, out: NDArray[Any]) -> None:
    from numcodecs.blosc import Blosc

    Blosc().decode(packed, out=out)

"""One array in a file, as plain bytes or compressed in one piece."""

from __future__ import annotations

import bz2
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.errors import FileError
from operando.files.axes import name_axes, size_text, to_5d
from operando.files.damage import telling
from operando.files.source import Mapped, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from operando.files.source import Box, Shape

Codec = Literal["gzip", "zlib", "bzip2", "runs"]
MOST_GAIN = {"gzip": 1100, "zlib": 1100, "bzip2": 50_000, "runs": 64}
"""How many times larger than its file an array can be at the very most."""


@dataclass(frozen=True)
class Packed(Stored):
    """An array that is compressed in one piece: the first look at it unpacks it whole.

    The last two that were looked at stay in memory.

    Parameters
    ----------
    codec
        How it is compressed; "runs" is Amira's run-length code (HxByteRLE).
    nbytes
        Compressed bytes; None for all to the end of the file.
    skip
        Bytes before the array once it is unpacked.
    """

    codec: Codec
    nbytes: int | None = None
    skip: int = 0

    @property
    def chunks(self) -> Shape:
        """A few slices."""
        _, _, z, y, x = self.shape
        return 1, 1, max(1, min(z, 2**19 // (y * x * self.dtype.itemsize))), y, x

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box."""
        with telling(self.path, "image"):
            modified = self.path.stat().st_mtime_ns
            array = _unpacked(self, modified)
        return to_5d(array, self.axes)[box]


@lru_cache(maxsize=2)
def _unpacked(packed: Packed, modified_ns: int) -> NDArray[Any]:
    with packed.path.open("rb") as file:
        file.seek(packed.offset)
        raw = file.read() if packed.nbytes is None else file.read(packed.nbytes)
    wanted = int(np.prod(packed.stored, dtype=object)) * packed.stored_dtype.itemsize
    # One byte more tells that there is too much.
    data = _unpack(raw, packed.codec, wanted + packed.skip + 1)[packed.skip :]
    if len(data) != wanted:
        raise FileError(
            f"{packed.path} is damaged: it holds {len(data)} or more of {wanted} bytes",
            "copy it again from its origin",
        )
    array = np.frombuffer(data, packed.stored_dtype).reshape(packed.stored)
    array = array.astype(packed.dtype, copy=False)
    array.flags.writeable = False
    return array


def _unpack(raw: bytes, codec: Codec, wanted: int) -> bytes:
    if codec == "runs":
        return _unpack_runs(raw, wanted)
    if codec == "bzip2":
        return bz2.BZ2Decompressor().decompress(raw, wanted)
    # 32 takes the headers of both gzip and zlib.
    return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(raw, wanted)


def _unpack_runs(raw: bytes, wanted: int) -> bytes:
    """Unpack Amira's runs: a count and a byte to repeat, or 128 + a count and that many bytes."""
    out = bytearray()
    at = 0
    while at + 1 < len(raw) and len(out) < wanted:
        count = raw[at]
        if count > 127:
            out += raw[at + 1 : at + 1 + (count & 127)]
            at += 1 + (count & 127)
        else:
            out += raw[at + 1 : at + 2] * count
            at += 2
    return bytes(out)


def flat_source(
    path: Path,
    shape: Sequence[int],
    dtype: DTypeLike,
    *,
    offset: int = 0,
    found: str = "",
    axes: str | None = None,
    codec: Codec | None = None,
    nbytes: int | None = None,
    skip: int = 0,
    whole: bool = True,
) -> Mapped | Packed:
    """Make a source of an array in a file, after a look at whether it can be there.

    Parameters
    ----------
    path
        File.
    shape
        Lengths of the axes, the fastest last.
    dtype
        Type of the elements, with their byte order.
    offset
        Bytes before the array.
    found
        Names of the axes; without them ``yx`` are the last two.
    axes
        Names of the axes as the user gives them.
    codec, nbytes, skip
        How the array is compressed, its compressed bytes, and the bytes before it in the unpacked.
    whole
        Whether nothing as long as a row of voxels follows in the file.

    Raises
    ------
    FileError
        If it is no image, or the file is too short or too long for it.
    """
    lengths, kind = tuple(int(n) for n in shape), np.dtype(dtype)
    if len(lengths) < 2 or min(lengths) < 1 or kind.kind not in "biuf" or offset < 0:
        raise FileError(
            f"{path} holds no image (shape {lengths}, type {kind}, {offset} bytes before it)",
            "an image has at least two axes and holds numbers",
        )
    wanted = int(np.prod(lengths, dtype=object)) * kind.itemsize
    size = path.stat().st_size - offset
    row = lengths[-1] * kind.itemsize
    if whole and codec is None and size - wanted >= row:
        raise FileError(
            f"{path} is {size - wanted} bytes longer than {size_text(lengths)} voxels "
            f"of {kind.name}",
            "correct its size, its type, or the bytes before it",
        )
    if wanted > size * (MOST_GAIN[codec] if codec else 1):
        raise FileError(
            f"{path} is too short: {size_text(lengths)} voxels of {kind.name} "
            f"need {wanted} bytes, it has {max(size, 0)}",
            "copy it again from its origin, or correct its size",
        )
    names = name_axes(found or "q" * (len(lengths) - 2) + "yx", lengths, axes)
    if codec is None:
        return Mapped(path, lengths, kind, offset, names)
    return Packed(path, lengths, kind, offset, names, codec, nbytes, skip)

"""EDF (.edf), the data format of the ESRF: images with a header of text each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import FileError
from operando.files.damage import telling
from operando.files.planes import Stacked
from operando.files.source import Opened
from operando.files.volumes.flat import flat_source

if TYPE_CHECKING:
    from pathlib import Path

    from operando.files.source import Source

TYPES = {
    "signedbyte": "i1",
    "unsignedbyte": "u1",
    "signedshort": "i2",
    "unsignedshort": "u2",
    "signedinteger": "i4",
    "unsignedinteger": "u4",
    "signedlong": "i4",
    "unsignedlong": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "floatvalue": "f4",
    "float": "f4",
    "real": "f4",
    "doublevalue": "f8",
    "double": "f8",
}
BLOCK = 512
LONGEST_HEADER = 2**18


def open_edf(path: Path, axes: str | None = None) -> Opened:
    """Open an EDF file; several images of one size in it are slices.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes of a file with one image.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or its images differ.
    """
    sources: list[Source] = []
    with telling(path, "EDF"):
        at, size = 0, path.stat().st_size
        while at < size:
            header, offset = _header(path, at)
            shape, dtype = _layout(header, path)
            source = flat_source(path, shape, dtype, offset=offset, axes=axes, whole=False)
            if sources and (source.shape, source.dtype) != (sources[0].shape, sources[0].dtype):
                raise FileError(f"{path} holds images of different size", "save them apart")
            if sources and source.shape[0] * source.shape[2] > 1:
                raise FileError(f"{path} holds several volumes", "save them apart")
            sources.append(source)
            at = offset + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if not sources:
        raise FileError(f"{path} holds no image", "check what wrote it")
    return Opened(
        source=sources[0] if len(sources) == 1 else Stacked((tuple(sources),)),
        files=(path,),
        metadata={"format": "EDF", "compression": "none"},
    )


def _header(path: Path, at: int) -> tuple[dict[str, str], int]:
    """Fields of the header at a byte, by their lower-case names, and where it ends."""
    with path.open("rb") as file:
        file.seek(at)
        text = file.read(LONGEST_HEADER)
    start, end = text.find(b"{"), text.find(b"}")
    if start < 0 or end < 0 or text[:start].strip():
        raise ValueError(f"no header at byte {at}")
    fields = text[start + 1 : end].decode("latin-1").replace("\n", " ").split(";")
    pairs = (field.partition("=") for field in fields if "=" in field)
    after = end + 1
    after += len(text[after : after + 2]) - len(text[after : after + 2].lstrip(b"\r\n"))
    padded = -(-after // BLOCK) * BLOCK
    # Old writers do not pad the header.
    after = padded if not text[after:padded].strip() else after
    return {key.strip().lower(): value.strip() for key, _, value in pairs}, at + after


def _layout(header: dict[str, str], path: Path) -> tuple[list[int], np.dtype[np.generic]]:
    if header.get("compression", "none").lower() not in ("none", "nocompression", ""):
        raise FileError(f"{path} is compressed ({header['compression']})", "save it plain")
    kind = header["datatype"].replace(" ", "").lower()
    if kind not in TYPES:
        raise FileError(f"{path} holds {kind} values", "save it as integers or real numbers")
    shape = [int(header[f"dim_{n}"]) for n in (3, 2, 1) if f"dim_{n}" in header]
    if shape[0] == 1 and len(shape) > 2:
        shape = shape[1:]
    big = header.get("byteorder", "LowByteFirst").lower() == "highbytefirst"
    return shape, np.dtype(TYPES[kind]).newbyteorder(">" if big else "<")

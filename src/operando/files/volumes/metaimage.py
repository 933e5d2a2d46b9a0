"""MetaImage (.mha, .mhd), as ITK, elastix and SimpleITK write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import telling
from operando.files.source import Opened
from operando.files.volumes.flat import flat_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
LONGEST_HEADER = 2**16


def open_metaimage(path: Path, axes: str | None = None) -> Opened:
    """Open a MetaImage.

    It has no units; lengths are taken as millimetres, as ITK does. A spacing of 1 for all axes
    is what programs write that know none, and is not taken.

    Parameters
    ----------
    path
        Image, or the header of one.
    axes
        Names of the axes.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or its data lie in several files.
    """
    with telling(path, "MetaImage"):
        header, end = _header(path)
        shape = [int(n) for n in header["dimsize"].split()][::-1]
        if len(shape) != int(header["ndims"]):
            raise ValueError(f"{header['ndims']} dimensions, {len(shape)} lengths")
        kind = header["elementtype"].upper()
        if kind not in TYPES or not _yes(header, "binarydata", True):
            raise FileError(f"{path} holds {kind} elements or text", "save it as binary numbers")
        big = _yes(header, "binarydatabyteordermsb") or _yes(header, "elementbyteordermsb")
        dtype = np.dtype(TYPES[kind]).newbyteorder(">" if big else "<")
        channels = int(header.get("elementnumberofchannels", 1))
        found = ""
        if channels > 1:
            found = "q" * (len(shape) - 2) + "yxc"
            shape.append(channels)
        data, offset = _data(path, header["elementdatafile"], end)
        packed = _yes(header, "compresseddata")
        if (skip := int(header.get("headersize", 0))) == -1:
            offset = data.stat().st_size - int(np.prod(shape, dtype=object)) * dtype.itemsize
        else:
            offset += skip
        source = flat_source(
            data,
            shape,
            dtype,
            offset=offset,
            found=found,
            axes=axes,
            codec="zlib" if packed else None,
        )
        spacing = [float(s) for s in header.get("elementspacing", "").split()]
    voxel_size = None
    if len(spacing) >= 2 and set(spacing) != {1.0} and axes is None:
        x, y, *more = spacing
        voxel_size = sound_voxel_size([1000 * s for s in ((more or [x])[0], y, x)])
    return Opened(
        source=source,
        files=(path,) if data == path else (path, data),
        voxel_size=voxel_size,
        metadata={
            "format": "MetaImage",
            "compression": "zlib" if packed else "none",
            "guessed": ("the voxel size is in millimetres in MetaImage files",)
            if voxel_size
            else (),
        },
    )


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Fields by their lower-case names, and where they end."""
    with path.open("rb") as file:
        text = file.read(LONGEST_HEADER)
    last = re.search(rb"^ElementDataFile\s*=[^\n]*\n?", text, re.MULTILINE | re.IGNORECASE)
    if last is None:
        raise ValueError("no ElementDataFile")
    lines = text[: last.end()].decode("utf-8", "replace").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}, last.end()


def _data(path: Path, named: str, end: int) -> tuple[Path, int]:
    if named.upper() == "LOCAL":
        return path, end
    if named.upper().startswith("LIST") or "%" in named:
        raise FileError(f"{path} keeps its slices in several files", "save it as one .mha file")
    return path.parent / named.replace("\\", "/"), 0


def _yes(header: Mapping[str, str], name: str, default: bool = False) -> bool:
    return header.get(name, str(default)).lower() in ("true", "t", "1", "yes")

"""NRRD (.nrrd, and .nhdr beside its data)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import library, telling
from operando.files.source import Opened
from operando.files.units import micrometres
from operando.files.volumes.flat import Codec, flat_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CODECS: dict[str, Codec | None] = {
    "raw": None,
    "gzip": "gzip",
    "gz": "gzip",
    "bzip2": "bzip2",
    "bz2": "bzip2",
}
SPACE, LIST = ("domain", "space"), ("list", "vector", "rgb-color", "rgba-color", "complex")


def open_nrrd(path: Path, axes: str | None = None) -> Opened:
    """Open a NRRD image.

    Lengths without a unit are not taken as a voxel size.

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
    nrrd = library("nrrd", "NRRD")
    with telling(path, "NRRD", nrrd.NRRDError, StopIteration):
        with path.open("rb") as file:
            header = nrrd.read_header(file)
            end = file.tell()
        encoding = str(header["encoding"]).lower()
        if encoding not in CODECS:
            raise FileError(f"{path} is encoded as {encoding}", "save it with the encoding raw")
        shape = [int(n) for n in header["sizes"]]
        dtype = _dtype(header)
        data, offset = _data(path, header, end)
        if int(header.get("line skip", 0)):
            raise FileError(f"{path} skips lines of text before its data", "remove them")
        skip = int(header.get("byte skip", 0))
        codec = CODECS[encoding]
        if skip == -1 and codec is None:
            offset = data.stat().st_size - int(np.prod(shape, dtype=object)) * dtype.itemsize
        elif codec is None:
            offset += skip
        source = flat_source(
            data,
            shape[::-1],
            dtype,
            offset=offset,
            found=_axes(header, len(shape)),
            axes=axes,
            codec=codec,
            skip=max(skip, 0) if codec else 0,
        )
        voxel_size = None if axes else _voxel_size(header)
    return Opened(
        source=source,
        files=(path,) if data == path else (path, data),
        voxel_size=voxel_size,
        metadata={"format": "NRRD", "compression": codec or "none"},
    )


def _dtype(header: Mapping[str, Any]) -> np.dtype[Any]:
    names = {
        "signed char": "i1", "int8": "i1", "int8_t": "i1",
        "uchar": "u1", "unsigned char": "u1", "uint8": "u1", "uint8_t": "u1",
        "short": "i2", "short int": "i2", "signed short": "i2", "int16": "i2", "int16_t": "i2",
        "ushort": "u2", "unsigned short": "u2", "unsigned short int": "u2", "uint16": "u2",
        "uint16_t": "u2", "int": "i4", "signed int": "i4", "int32": "i4", "int32_t": "i4",
        "uint": "u4", "unsigned int": "u4", "uint32": "u4", "uint32_t": "u4",
        "longlong": "i8", "long long": "i8", "int64": "i8", "int64_t": "i8",
        "ulonglong": "u8", "unsigned long long": "u8", "uint64": "u8", "uint64_t": "u8",
        "float": "f4", "double": "f8",
    }  # fmt: skip
    dtype = np.dtype(names[str(header["type"]).lower()])
    return dtype.newbyteorder(">" if header.get("endian") == "big" else "<")


def _data(path: Path, header: Mapping[str, Any], end: int) -> tuple[Path, int]:
    named = header.get("data file", header.get("datafile"))
    if named is None:
        return path, end
    if not isinstance(named, str) or named.startswith("LIST") or "%" in named:
        raise FileError(f"{path} keeps its data in several files", "save it as one .nrrd file")
    return path.parent / named, 0


def _axes(header: Mapping[str, Any], ndim: int) -> str:
    """Name the axes, slowest first; lists of values per voxel are channels."""
    kinds = [str(k).lower() for k in header.get("kinds") or ()]
    names = ["c" if k in LIST else "t" if k == "time" else "q" for k in kinds]
    if len(names) != ndim or len([n for n in names if n == "q"]) < 2:
        return ""
    space = iter("xyz")
    return "".join(next(space, "q") if n == "q" else n for n in names)[::-1]


def _voxel_size(header: Mapping[str, Any]) -> tuple[float, float, float] | None:
    directions = header.get("space directions")
    if directions is not None:
        rows = [r for r in np.asarray(directions, float) if np.all(np.isfinite(r))]
        lengths = [float(np.linalg.norm(r)) for r in rows]
        units = [str(u) for u in header.get("space units") or ()]
    else:
        spacings = header.get("spacings")
        lengths = [float(s) for s in (() if spacings is None else spacings) if np.isfinite(s)]
        units = [str(u) for u in header.get("units") or () if u]
    factors = [micrometres(u) for u in units[: len(lengths)]]
    if len(lengths) < 2 or len(factors) != len(lengths) or None in factors:
        return None
    sizes = [length * (f or 0) for length, f in zip(lengths, factors, strict=True)]
    x, y, z = (*sizes, sizes[0])[:3]
    return sound_voxel_size([z, y, x])

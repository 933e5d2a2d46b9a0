"""Amira and Avizo images (.am): a lattice of numbers, plain, as runs or as zlib."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import telling
from operando.files.source import Opened
from operando.files.units import micrometres
from operando.files.volumes.flat import Codec, flat_source

if TYPE_CHECKING:
    from pathlib import Path

TYPES = {"byte": "u1", "short": "i2", "ushort": "u2", "int": "i4", "float": "f4", "double": "f8"}
CODECS: dict[str, Codec] = {"HxByteRLE": "runs", "HxZip": "zlib"}
LONGEST_HEADER = 2**20
NUMBER = r"[-+\d.eE]+"


def open_amira(path: Path, axes: str | None = None) -> Opened:
    """Open an image on a regular lattice.

    The bounding box of such files joins the centres of the outermost voxels. It is in the unit
    that the file names; without one there is no voxel size.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or holds text, vectors or a surface.
    """
    with telling(path, "Amira"):
        with path.open("rb") as file:
            raw = file.read(LONGEST_HEADER)
        text = raw.decode("latin-1")
        first = text.partition("\n")[0]
        if not re.match(r"#\s*(AmiraMesh|Avizo)", first):
            raise ValueError("no Amira header")
        if "ASCII" in first:
            raise FileError(f"{path} is written as text", "save it as binary Amira file")
        lattice = re.search(r"define\s+Lattice\s+([\d ]+)", text)
        field = re.search(
            r"Lattice\s*\{\s*(\w+)(\[\d+\])?\s+\w+\s*\}\s*=?\s*@(\d+)(\([^)]*\))?", text
        )
        if lattice is None or field is None:
            raise FileError(f"{path} holds no image on a regular lattice", "export the image data")
        kind, several, number, packing = field.groups()
        if several or kind not in TYPES:
            raise FileError(f"{path} holds {kind}{several or ''} values", "export a scalar image")
        codec, nbytes = _packing(packing, path)
        start = re.search(rf"^@{number}\r?\n", text[field.end() :], re.MULTILINE)
        if start is None:
            raise ValueError("no data section")
        shape = [int(n) for n in lattice[1].split()]
        source = flat_source(
            path,
            shape[::-1],
            np.dtype(TYPES[kind]).newbyteorder("<" if "LITTLE-ENDIAN" in first else ">"),
            offset=field.end() + start.end(),
            axes=axes,
            codec=codec,
            nbytes=nbytes,
        )
        known = {} if axes else _calibration(text[: field.end() + start.end()], shape)
    return Opened(
        source=source,
        files=(path,),
        metadata={"format": "Amira", "compression": codec or "none"},
        **known,
    )


def _packing(text: str | None, path: Path) -> tuple[Codec | None, int | None]:
    if text is None:
        return None, None
    name, _, nbytes = text.strip("()").partition(",")
    if name not in CODECS:
        raise FileError(f"{path} is compressed as {name}", "save it without compression")
    return CODECS[name], int(nbytes)


def _calibration(header: str, shape: list[int]) -> dict[str, Any]:
    box = re.search(rf"BoundingBox\s+((?:{NUMBER}\s*){{6}})", header)
    unit = re.search(r'Coordinates\s+"([^"]+)"', header)
    factor = micrometres(unit[1].encode("latin-1").decode("utf-8", "replace") if unit else None)
    if box is None or factor is None or len(shape) != 3:
        return {}
    low_high = [float(n) for n in box[1].split()]
    sizes = [
        (high - low) / (n - 1) * factor if n > 1 else None
        for n, low, high in zip(shape, low_high[::2], low_high[1::2], strict=True)
    ]
    return {"voxel_size": sound_voxel_size(sizes[::-1])}

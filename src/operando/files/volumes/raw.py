"""Raw volumes: bytes whose layout the user, or a header beside them, tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError, InputError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import telling
from operando.files.source import Opened
from operando.files.units import micrometres
from operando.files.volumes.flat import flat_source
from operando.files.volumes.metaimage import open_metaimage
from operando.files.volumes.nrrd import open_nrrd

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADERS = (".mhd", ".nhdr", ".vgi")
"""Suffixes of headers that may lie beside a raw volume."""


def open_raw(
    path: Path,
    axes: str | None = None,
    *,
    shape: Sequence[int] | None = None,
    dtype: str | None = None,
    offset: int = 0,
    byteorder: str = "little",
) -> Opened:
    """Open a raw volume.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes.
    shape
        Lengths of the axes, the fastest (x) last. Without it a header of the same name (.mhd,
        .nhdr, .vgi) is looked for.
    dtype
        Type of a voxel, such as "uint16".
    offset
        Bytes before the voxels.
    byteorder
        "little" or "big".

    Raises
    ------
    FileError
        If nothing tells the layout, or the file is too short for it.
    InputError
        If the layout makes no sense.
    """
    if shape is None and dtype is None:
        for suffix in HEADERS:
            header = path.with_suffix(suffix)
            if header.is_file():
                return open_header(header, axes)
    if shape is None or dtype is None:
        raise FileError(
            f"{path} is a raw volume, which does not say its size ({path.stat().st_size} bytes)",
            "give its shape and type, such as shape=(512, 1024, 1024), dtype='uint16'",
        )
    with telling(path, "raw"):
        source = flat_source(
            path, shape, voxel_type(dtype, byteorder), offset=int(offset), axes=axes
        )
    return Opened(source=source, files=(path,), metadata={"format": "raw", "compression": "none"})


def voxel_type(dtype: str, byteorder: str) -> np.dtype[Any]:
    """Return the type of a stored voxel.

    Raises
    ------
    InputError
        If there is no such type or byte order.
    """
    try:
        if byteorder not in ("little", "big"):
            raise ValueError(byteorder)
        return np.dtype(dtype).newbyteorder("<" if byteorder == "little" else ">")
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Voxels of the type {dtype!r}, byte order {byteorder!r} cannot be read",
            "such as dtype='uint16', byteorder='little'",
        ) from error


def open_header(path: Path, axes: str | None = None) -> Opened:
    """Open the volume that a header beside it describes."""
    openers = {".mhd": open_metaimage, ".nhdr": open_nrrd, ".vgi": open_vgi}
    return openers[path.suffix.lower()](path, axes)


def open_vgi(path: Path, axes: str | None = None) -> Opened:
    """Open the volume that a VGStudio header describes.

    Raises
    ------
    FileError
        If the header or the volume cannot be read.
    """
    with telling(path, "VGStudio"):
        found: dict[str, str] = {}
        for line in path.read_text(encoding="latin-1").splitlines():
            key, equals, value = line.partition("=")
            if equals:
                found.setdefault(key.strip().lower(), value.strip())
        bits = int(found["bitsperelement"])
        kind = {"float": "f", "signed integer": "i"}.get(found["datatype"].lower(), "u")
        data = path.with_name(Path(found["name"].replace("\\", "/")).name)
        shape = [int(n) for n in found["size"].split()][::-1]
        source = flat_source(
            data,
            shape,
            np.dtype(f"<{kind}{bits // 8}"),
            offset=int(found.get("skipheader", 0)),
            axes=axes,
        )
        unit = micrometres(found.get("unit"))
        edges = [float(r) for r in found.get("resolution", "").split()]
    sized = axes is None and unit and len(edges) == 3
    return Opened(
        source=source,
        files=(path, data),
        voxel_size=sound_voxel_size([e * (unit or 0) for e in edges[::-1]]) if sized else None,
        metadata={"format": "VGStudio", "compression": "none"},
    )

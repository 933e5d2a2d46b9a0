"""MRC (.mrc, .rec, .map, .st), as electron microscopes and IMOD write it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import library, telling
from operando.files.source import Opened
from operando.files.volumes.flat import flat_source

if TYPE_CHECKING:
    from pathlib import Path

ANGSTROM = 1e-4
"""In µm."""
HEADER = 1024
IMOD_STAMP, SIGNED = 1146047817, 1
"""Number at byte 152 of files that IMOD wrote, and bit of the flags after it."""


def open_mrc(path: Path, axes: str | None = None) -> Opened:
    """Open an MRC volume, or a stack of volumes.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or holds complex numbers.
    """
    mrcfile = library("mrcfile", "MRC")
    with telling(path, "MRC"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mrcfile.open(path, header_only=True) as mrc:
            header = mrc.header
            dtype = mrcfile.utils.dtype_from_mode(int(header.mode))
            order = header.nx.dtype.byteorder
        if dtype == np.int8 and _is_unsigned(path, order, float(header.dmax)):
            dtype = np.dtype(np.uint8)
        if dtype.kind not in "iuf":
            raise FileError(f"{path} holds complex numbers", "save it as real numbers")
        shape = [int(header.nz), int(header.ny), int(header.nx)]
        found = "zyx"
        # Space groups from 401 on are stacks of volumes.
        if int(header.ispg) > 400 and int(header.mz) > 0 and shape[0] % int(header.mz) == 0:
            shape = [shape[0] // int(header.mz), int(header.mz), *shape[1:]]
            found = "tzyx"
        source = flat_source(
            path,
            shape,
            dtype.newbyteorder(order),
            offset=HEADER + int(header.nsymbt),
            found=found,
            axes=axes,
        )
        cell, counts = header.cella, (int(header.mz), int(header.my), int(header.mx))
        sizes = [
            float(cell[a]) / n * ANGSTROM if n > 0 else None
            for a, n in zip("zyx", counts, strict=True)
        ]
    return Opened(
        source=source,
        files=(path,),
        voxel_size=sound_voxel_size(sizes) if axes is None else None,
        metadata={"format": "MRC", "compression": "none"},
    )


def _is_unsigned(path: Path, order: Any, largest: float) -> bool:
    """Whether bytes go from 0 to 255, as IMOD says or the largest grey value in the header."""
    with path.open("rb") as file:
        file.seek(152)
        stamp, flags = np.frombuffer(file.read(8), np.dtype(np.int32).newbyteorder(order))
    return bool(stamp == IMOD_STAMP and not flags & SIGNED) or largest > np.iinfo(np.int8).max

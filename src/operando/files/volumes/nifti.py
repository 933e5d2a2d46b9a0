"""NIfTI (.nii, .nii.gz)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_times, sound_voxel_size
from operando.files.damage import library, telling
from operando.files.source import Opened
from operando.files.units import hours, micrometres
from operando.files.volumes.flat import flat_source

if TYPE_CHECKING:
    from pathlib import Path

UNITS = {"meter": "m", "mm": "mm", "micron": "um", "sec": "s", "msec": "ms", "usec": "us"}


def open_nifti(path: Path, axes: str | None = None) -> Opened:
    """Open a NIfTI image; orientation and scaling of the grey values are not applied.

    Parameters
    ----------
    path
        File, plain or compressed.
    axes
        Names of the axes.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or holds colours or complex numbers.
    """
    nibabel = library("nibabel", "NIfTI")
    packed = path.name.lower().endswith(".gz")
    faults = nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError
    with telling(path, "NIfTI", *faults):
        image = nibabel.load(path)
        header = image.header
        dtype = np.dtype(header.get_data_dtype())
        if dtype.kind not in "iuf":
            raise FileError(f"{path} holds no grey values ({dtype})", "save it as real numbers")
        shape = [int(n) for n in header.get_data_shape()]
        # Axes of length 1 between time and further ones.
        while len(shape) > 3 and shape[-1] == 1:
            shape.pop()
        offset = int(image.dataobj.offset)
        source = flat_source(
            path,
            shape[::-1],
            dtype,
            offset=0 if packed else offset,
            found="ctzyx"[-len(shape) :] if len(shape) <= 5 else "",
            axes=axes,
            codec="gzip" if packed else None,
            skip=offset if packed else 0,
        )
        zooms = [float(z) for z in header.get_zooms()]
        known = {} if axes else _calibration(zooms, shape, *header.get_xyzt_units())
        scaling = _scaling(image.dataobj.slope, image.dataobj.inter)
    return Opened(
        source=source,
        files=(path,),
        metadata={
            "format": "NIfTI",
            "compression": "gzip" if packed else "none",
            "notes": (scaling,) if scaling else (),
        },
        **known,
    )


def _scaling(slope: float, shift: float) -> str:
    if slope == 1 and shift == 0:
        return ""
    return f"grey values are as stored, without the file's factor {slope:g} and offset {shift:g}"


def _calibration(zooms: list[float], shape: list[int], space: str, time: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unit, per_unit = micrometres(UNITS.get(space)), hours(UNITS.get(time))
    if unit and len(zooms) >= 3:
        found["voxel_size"] = sound_voxel_size([z * unit for z in zooms[2::-1]])
    if per_unit and len(shape) > 3 and len(zooms) > 3:
        found["times"] = sound_times([t * zooms[3] * per_unit for t in range(shape[3])])
    return found

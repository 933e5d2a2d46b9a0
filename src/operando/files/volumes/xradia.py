"""Zeiss X-ray microscopes: tomograms (.txm), projections (.txrm) and single images (.xrm)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.calibration import sound_voxel_size
from operando.files.damage import library, telling
from operando.files.source import Opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.files.source import Box, Shape

TYPES = {2: "<i1", 3: "<u1", 4: "<i2", 5: "<u2", 6: "<i4", 7: "<u4", 10: "<f4", 11: "<f8"}
PER_FOLDER = 100
"""Images in one storage of the file."""


@dataclass(frozen=True, eq=False)
class Streams:
    """Images of a compound file, each a stream of its own.

    Parameters
    ----------
    path
        File.
    plane
        Voxels of an image ``(y, x)``.
    stored_dtype
        Type of a voxel, with its byte order.
    offsets
        Where each image starts; -1 where it is in pieces.
    """

    path: Path
    plane: tuple[int, int]
    stored_dtype: np.dtype[Any]
    offsets: NDArray[np.int64]

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        return 1, 1, len(self.offsets), *self.plane

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel in the machine's byte order."""
        return self.stored_dtype.newbyteorder("=")

    @property
    def chunks(self) -> Shape:
        """One image."""
        return 1, 1, 1, *self.plane

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box, image by image."""
        numbers = range(box[2].start, box[2].stop)
        with telling(self.path, "Zeiss"):
            planes = [self._image(n)[box[3:]] for n in numbers]
        return np.stack(planes)[None, None].astype(self.dtype, copy=False)

    def _image(self, number: int) -> NDArray[Any]:
        if self.offsets[number] >= 0:
            count, at = int(np.prod(self.plane)), int(self.offsets[number])
            return np.fromfile(self.path, self.stored_dtype, count, offset=at).reshape(self.plane)
        olefile = library("olefile", "Zeiss")
        with olefile.OleFileIO(self.path) as ole:
            raw = ole.openstream(_stream(number)).read()
        return np.frombuffer(raw, self.stored_dtype, int(np.prod(self.plane))).reshape(self.plane)


def open_xradia(path: Path, axes: str | None = None) -> Opened:
    """Open the images of a Zeiss file; those of one file are taken as slices (z).

    Detector corrections and reference images are not applied.

    Parameters
    ----------
    path
        File.
    axes
        Not used: the images of such a file are always planes.

    Raises
    ------
    FileError
        If it cannot be read, is truncated, or holds images of a type that is not known.
    """
    del axes
    olefile = library("olefile", "Zeiss")
    with telling(path, "Zeiss"), olefile.OleFileIO(path) as ole:
        plane = _number(ole, "ImageInfo/ImageHeight"), _number(ole, "ImageInfo/ImageWidth")
        kind = _number(ole, "ImageInfo/DataType")
        if kind not in TYPES or min(plane) < 1:
            raise FileError(
                f"{path} holds images of an unknown type ({kind}, {plane})", "export it as TIFF"
            )
        dtype = np.dtype(TYPES[kind])
        offsets = _offsets(ole, plane[0] * plane[1] * dtype.itemsize, path)
        size = _value(ole, "ImageInfo/PixelSize", "<f4")
        announced = int(_value(ole, "ImageInfo/NoOfImages", "<i4") or 0)
        taken = int(_value(ole, "ImageInfo/ImagesTaken", "<i4") or 0)
        angles = _values(ole, "ImageInfo/Angles", "<f4", len(offsets))
        acquired = _date(ole)
    source = Streams(path, plane, dtype, np.array(offsets, np.int64))
    projections = angles is not None and len(angles) > 1 and float(np.ptp(angles)) > 0.1
    projections &= path.suffix.lower() != ".txm"
    # A stitched mosaic is one image, made of those that were taken.
    if taken > len(offsets) > 1:
        raise FileError(
            f"{path} holds {len(offsets)} of the {taken} images that were taken",
            "copy it again from its origin",
        )
    notes = []
    if projections:
        notes.append("these are projections, not a tomogram")
    if announced > len(offsets) > 1:
        notes.append(f"the scan was to have {announced} images and has {len(offsets)}")
    edge = float(size) if size is not None else None
    return Opened(
        source=source,
        files=(path,),
        voxel_size=None if projections else sound_voxel_size([edge] * 3),
        metadata={
            "format": "Zeiss",
            "compression": "none",
            "pixel_size_um": edge,
            "acquired": acquired,
            "notes": tuple(notes),
        },
    )


def _stream(number: int) -> str:
    return f"ImageData{number // PER_FOLDER + 1}/Image{number + 1}"


def _offsets(ole: Any, nbytes: int, path: Path) -> list[int]:
    """Where each image starts in the file, -1 where its sectors are scattered."""
    found: list[int] = []
    table = np.asarray(ole.fat, np.uint32)
    sectors = -(-nbytes // ole.sectorsize)
    while ole.exists(_stream(len(found))):
        name = _stream(len(found))
        if ole.get_size(name) != nbytes:
            raise FileError(
                f"Image {len(found) + 1} of {path} has {ole.get_size(name)} bytes, not {nbytes}",
                "copy the file again from its origin",
            )
        start = int(ole.direntries[ole._find(name)].isectStart)
        chain = table[start : start + sectors - 1]
        straight = np.array_equal(chain, np.arange(start + 1, start + sectors))
        offset = (start + 1) * ole.sectorsize
        inside = offset + nbytes <= path.stat().st_size
        large = ole.get_size(name) >= ole.minisectorcutoff
        found.append(offset if straight and inside and large else -1)
    if not found:
        raise FileError(f"{path} holds no images", "check what wrote it")
    return found


def _value(ole: Any, name: str, dtype: str) -> Any:
    values = _values(ole, name, dtype, 1)
    return None if values is None else values[0]


def _values(ole: Any, name: str, dtype: str, count: int) -> NDArray[Any] | None:
    if not ole.exists(name):
        return None
    raw = ole.openstream(name).read()
    kind = np.dtype(dtype)
    return np.frombuffer(raw, kind, count) if len(raw) >= count * kind.itemsize else None


def _number(ole: Any, name: str) -> int:
    value = _value(ole, name, "<i4")
    if value is None:
        raise ValueError(f"no {name}")
    return int(value)


def _date(ole: Any) -> datetime | None:
    """When the first image was taken, local time of the instrument."""
    if not ole.exists("ImageInfo/Date"):
        return None
    raw = ole.openstream("ImageInfo/Date").read(17)
    try:
        return datetime.strptime(raw.decode("ascii", "replace"), "%m/%d/%y %H:%M:%S")
    except ValueError:
        return None

"""HDF5: NeXus, DXchange and plain data sets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.axes import DROPPED, ORDER, name_axes, shape_5d, to_5d
from operando.files.damage import library, telling
from operando.files.hdf5.layout import Found, calibration, find_images, named_axes
from operando.files.hdf5.probe import first_that_crashes
from operando.files.source import Mapped, Opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.files.source import Box, Shape

LEAST_BYTES = 2**19


@dataclass(frozen=True)
class Dataset:
    """A data set of an HDF5 file, opened anew for every read.

    Parameters
    ----------
    path
        File.
    name
        Path of the data set in it.
    stored
        Its shape.
    dtype
        Type of a voxel in the machine's byte order.
    axes
        Name of each axis, as `operando.files.axes.name_axes` gives them.
    stored_chunks
        Its chunks; None where it has none.
    """

    path: Path
    name: str
    stored: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: str
    stored_chunks: tuple[int, ...] | None

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        return shape_5d(self.stored, self.axes)

    @property
    def chunks(self) -> Shape:
        """Chunks of the file, several of them where they are small."""
        full = self.shape
        chunk = [1, 1, 1, *full[3:]]
        if self.stored_chunks is not None:
            chunk = [1, 1, *shape_5d(self.stored_chunks, self.axes)[2:]]
        for axis in (4, 3, 2):
            nbytes = int(np.prod(chunk, dtype=object)) * self.dtype.itemsize
            times = max(1, LEAST_BYTES // max(nbytes, 1))
            chunk[axis] = min(chunk[axis] * times, full[axis])
        t, c, z, y, x = chunk
        return t, c, z, y, x

    def read(self, box: Box) -> NDArray[Any]:
        """Read the chunks of a box."""
        index = tuple(slice(0, 1) if a == DROPPED else box[ORDER.index(a)] for a in self.axes)
        h5py = library("h5py", "HDF5")
        _plugins()
        with telling(self.path, "HDF5"), h5py.File(self.path, "r", locking=False) as file:
            block = np.asarray(_dataset(file, self.name)[index])
        return to_5d(block, self.axes).astype(self.dtype, copy=False)


def open_hdf5(path: Path, axes: str | None = None, dataset: str | None = None) -> Opened:
    """Open one data set of an HDF5 file.

    Which one: what the user names; what NeXus names as default; the only NXdata or NXdetector
    with an image; ``exchange/data`` of DXchange; or the only data set of three or more axes.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes, overriding those of the file.
    dataset
        Path of a data set, or of a group with only one.

    Raises
    ------
    FileError
        If it cannot be read, or holds several images and none is named.
    """
    h5py = library("h5py", "HDF5")
    _plugins()
    with telling(path, "HDF5"), h5py.File(path, "r", locking=False) as file:
        found = find_images(file, dataset)
        if len(found) != 1:
            raise _ambiguous(path, found, dataset)
        image = found[0]
        data = _dataset(file, image.name)
        names = name_axes(named_axes(data), data.shape, axes)
        source = _source(path, image, data, names)
        known = calibration(data, names) if axes is None else {}
        compression = _compression(data)
        unwritten = _unwritten(data)
    return Opened(
        source=source,
        files=(path,),
        metadata={
            "format": image.layout,
            "dataset": image.name,
            "compression": compression,
            "notes": (*image.notes, *unwritten),
        },
        **known,
    )


def check_files(paths: Sequence[Path]) -> None:
    """Refuse files that would take this program down with them; a third of a second for all.

    Raises
    ------
    FileError
        If one of them is so damaged.
    """
    bad = first_that_crashes(paths)
    if bad is not None:
        raise FileError(
            f"{bad} is no HDF5 file that can be read, or it is damaged (reading it crashes)",
            "copy it again from its origin",
        )


def list_datasets(path: Path) -> list[Found]:
    """Return every data set of an HDF5 file that may be an image.

    Raises
    ------
    FileError
        If the file cannot be read.
    """
    h5py = library("h5py", "HDF5")
    check_files([path])
    with telling(path, "HDF5"), h5py.File(path, "r", locking=False) as file:
        return find_images(file, None, every=True)


def _source(path: Path, image: Found, data: Any, names: str) -> Dataset | Mapped:
    offset = data.id.get_offset()
    _check_storage(path, data)
    plain = data.chunks is None and not data.external and not data.is_virtual
    whole = data.nbytes + (offset or 0) <= path.stat().st_size
    if plain and offset is not None and whole and data.file.userblock_size == 0:
        return Mapped(path, tuple(data.shape), np.dtype(data.dtype), int(offset), names)
    dtype: np.dtype[Any] = np.dtype(data.dtype)
    return Dataset(path, image.name, data.shape, dtype.newbyteorder("="), names, data.chunks)


def _check_storage(path: Path, data: Any) -> None:
    """Refuse a data set whose stored bytes do not fit its shape."""
    if data.is_virtual:
        _check_virtual(path, data)
    if data.chunks is None:
        sound = data.is_virtual or data.external or data.id.get_storage_size() in (0, data.nbytes)
    else:
        wanted = prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
        sound = data.id.get_num_chunks() <= wanted
    if not sound:
        raise FileError(
            f"{path} is damaged: the data of {data.name} do not fit its shape {data.shape}",
            "copy it again from its origin",
        )


def _check_virtual(path: Path, data: Any) -> None:
    """Refuse a data set whose parts lie in files that are not there: they would read as 0."""
    named = list(dict.fromkeys(source.file_name for source in data.virtual_sources()))
    lost = [name for name in named if not _is_found(name, path.parent)]
    if lost:
        raise FileError(
            f"{path} puts {data.name} together from {len(named)} files, of which {len(lost)} "
            f"cannot be found ({', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''})",
            "put all of them beside it",
        )


def _is_found(name: str, folder: Path) -> bool:
    """Whether HDF5 finds a source of a virtual data set; patterns of names are left to it."""
    from pathlib import Path

    named = Path(name)
    beside = folder / (named.name if named.is_absolute() else named)
    return name == "." or "%" in name or named.exists() or beside.exists()


def _unwritten(data: Any) -> tuple[str, ...]:
    """Say how much of a data set was announced, but never written."""
    if data.is_virtual or data.external:
        return ()
    if data.chunks is None:
        return () if data.id.get_storage_size() else ("its voxels were never written",)
    wanted = prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
    lost = wanted - data.id.get_num_chunks()
    if not lost:
        return ()
    return (f"{lost} of {wanted} blocks were never written and read as {data.fillvalue}",)


def _dataset(file: Any, name: str) -> Any:
    return file[name]


def _compression(data: Any) -> str:
    filters = data.id.get_create_plist().get_nfilters()
    return str(data.compression or ("filtered" if filters else "none"))


def _plugins() -> None:
    """Make known the compressions that beamlines use, where their package is installed."""
    with suppress(ImportError):
        import hdf5plugin  # noqa: F401


def _ambiguous(path: Path, found: list[Found], dataset: str | None) -> FileError:
    where = f"{path} ({dataset})" if dataset else str(path)
    if not found:
        return FileError(f"{where} holds no image", "an image has two or more axes of numbers")
    listed = ", ".join(f.title for f in found[:6]) + (", ..." if len(found) > 6 else "")
    return FileError(
        f"{where} holds {len(found)} data sets that may be the image ({listed})",
        "name one, such as dataset=" + repr(found[0].name),
    )

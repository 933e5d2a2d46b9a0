"""The formats that can be opened, and how their files are recognised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from operando.files.folders import suffix
from operando.files.planes import stack_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from operando.files.source import Opened

    Paths = list[Path]


@dataclass(frozen=True)
class Hints:
    """What the user says of files that do not say it themselves.

    Parameters
    ----------
    axes
        Names of the axes within each file.
    dataset
        Array inside a Zarr group or an HDF5 file.
    shape, dtype, offset, byteorder
        Layout of raw volumes.
    """

    axes: str | None = None
    dataset: str | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    offset: int = 0
    byteorder: str = "little"


@dataclass(frozen=True)
class Format:
    """How files of one kind are recognised and opened.

    Parameters
    ----------
    name
        What users call it.
    matches
        Whether a path is of this kind, told from its name or, for folders, what is in it.
    frames
        Opens paths that hold whole frames.
    slices
        Opens the files of each frame as its slices; None where slices are never single files.
    is_slice
        Whether a file holds one slice only.
    endings
        Ends of the names of its files, in lower case.
    """

    name: str
    matches: Callable[[Path], bool]
    frames: Callable[[Paths, Hints], list[Opened]]
    slices: Callable[[list[Paths]], Opened] | None = None
    is_slice: Callable[[Path], bool] = lambda path: False
    endings: tuple[str, ...] = ()


def _file_format(name: str, opener: str, *endings: str, slices: bool = False) -> Format:
    """Format of single files, with the module and function that opens one."""
    module, _, function = opener.partition(":")

    def open_one(path: Path, axes: str | None = None) -> Opened:
        opened: Opened = getattr(import_module(f"operando.files.volumes.{module}"), function)(
            path, axes
        )
        return opened

    return Format(
        name,
        lambda path: path.name.lower().endswith(endings) and not path.is_dir(),
        lambda paths, hints: [open_one(path, hints.axes) for path in paths],
        partial(stack_slices, open_one=open_one) if slices else None,
        (lambda path: open_one(path).source.shape[:3] == (1, 1, 1)) if slices else lambda _: False,
        endings,
    )


def _tiff_frames(paths: Paths, hints: Hints) -> list[Opened]:
    from operando.files.tiff.stacks import open_frames

    return open_frames(paths, hints.axes)


def _tiff_slices(frames: list[Paths]) -> Opened:
    from operando.files.tiff.stacks import open_slices

    return open_slices(frames)


def _is_tiff_slice(path: Path) -> bool:
    from operando.files.tiff.stacks import is_slice

    return is_slice(path)


def _zarr_frames(paths: Paths, hints: Hints) -> list[Opened]:
    from operando.files.zarr.reader import open_zarr

    return [open_zarr(path, hints.axes, hints.dataset) for path in paths]


def _is_zarr(path: Path) -> bool:
    return path.is_dir() and any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")
    )


def _hdf5_frames(paths: Paths, hints: Hints) -> list[Opened]:
    from operando.files.hdf5.reader import check_files, open_hdf5

    check_files(paths)
    return [open_hdf5(path, hints.axes, hints.dataset) for path in paths]


def raw_frames(paths: Sequence[Path], hints: Hints) -> list[Opened]:
    """Open raw volumes of one layout."""
    from operando.files.volumes.raw import open_raw

    layout: dict[str, Any] = {"shape": hints.shape, "dtype": hints.dtype}
    layout |= {"offset": hints.offset, "byteorder": hints.byteorder}
    return [open_raw(path, hints.axes, **layout) for path in paths]


def _ends(*endings: str) -> Callable[[Path], bool]:
    return lambda path: suffix(path) in endings and not path.is_dir()


TIFF_ENDINGS = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
HDF5_ENDINGS = (".h5", ".hdf5", ".hdf", ".nxs")
RAW_ENDINGS = (".raw", ".vol")

READERS: tuple[Format, ...] = (
    Format("TIFF", _ends(*TIFF_ENDINGS), _tiff_frames, _tiff_slices, _is_tiff_slice, TIFF_ENDINGS),
    _file_format("NumPy", "npy:open_npy", ".npy"),
    Format("Zarr", _is_zarr, _zarr_frames),
    Format("HDF5", _ends(*HDF5_ENDINGS), _hdf5_frames, endings=HDF5_ENDINGS),
    _file_format("Zeiss", "xradia:open_xradia", ".txrm", ".xrm", ".txm"),
    _file_format("MetaImage", "metaimage:open_metaimage", ".mha", ".mhd"),
    _file_format("NIfTI", "nifti:open_nifti", ".nii", ".nii.gz"),
    _file_format("MRC", "mrc:open_mrc", ".mrc", ".mrcs", ".rec", ".st", ".ali", slices=True),
    _file_format("EDF", "edf:open_edf", ".edf", slices=True),
    _file_format("Amira", "amira:open_amira", ".am"),
    _file_format("NRRD", "nrrd:open_nrrd", ".nrrd", ".nhdr"),
    _file_format("VGStudio", "raw:open_vgi", ".vgi"),
    Format("raw", _ends(*RAW_ENDINGS), raw_frames, endings=RAW_ENDINGS),
)
"""Every format that `read` opens; the first that matches a path is taken."""


def find_format(path: Path) -> Format | None:
    """Return the format of a path, or None."""
    return next((f for f in READERS if f.matches(path)), None)

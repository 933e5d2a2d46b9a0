"""Open images of any supported format as a lazy series."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from operando.data.series import Series, check_times, check_voxel_size
from operando.errors import FileError
from operando.files.folders import (
    found_suffixes,
    read_times,
    suffix,
    visible,
)
from operando.files.source import Joined, Opened, Source, to_dask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Paths = list[Path]


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
        Opens paths that hold whole frames, given names of axes and of a data set inside.
    slices
        Opens the files of each frame as its slices; None where slices are never single files.
    is_slice
        Whether a file holds one slice only.
    """

    name: str
    matches: Callable[[Path], bool]
    frames: Callable[[Paths, str | None, str | None], list[Opened]]
    slices: Callable[[list[Paths]], Opened] | None = None
    is_slice: Callable[[Path], bool] = lambda path: False


def _tiff_frames(paths: Paths, axes: str | None, dataset: str | None) -> list[Opened]:
    from operando.files.tiff import open_frames

    return open_frames(paths, axes)


def _tiff_slices(frames: list[Paths]) -> Opened:
    from operando.files.tiff import open_slices

    return open_slices(frames)


def _is_tiff_slice(path: Path) -> bool:
    from operando.files.tiff import is_slice

    return is_slice(path)


def _zarr_frames(paths: Paths, axes: str | None, dataset: str | None) -> list[Opened]:
    from operando.files.zarr_reader import open_zarr

    return [open_zarr(path, axes, dataset) for path in paths]


def _is_zarr(path: Path) -> bool:
    return path.is_dir() and any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")
    )


def _numpy_frames(paths: Paths, axes: str | None, dataset: str | None) -> list[Opened]:
    from operando.files.numpy_reader import open_npy

    return [open_npy(path, axes) for path in paths]


READERS: tuple[Format, ...] = (
    Format(
        "TIFF",
        lambda p: suffix(p) in (".tif", ".tiff", ".btf", ".tf8", ".tf2") and not p.is_dir(),
        _tiff_frames,
        _tiff_slices,
        _is_tiff_slice,
    ),
    Format("NumPy", lambda p: suffix(p) == ".npy" and not p.is_dir(), _numpy_frames),
    Format("Zarr", _is_zarr, _zarr_frames),
)
"""Every format that `read` opens; the first that matches a path is taken."""


def read(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    voxel_size: Sequence[float] | None = None,
    times: Sequence[float] | None = None,
    axes: str | None = None,
    dataset: str | None = None,
    name: str | None = None,
) -> Series:
    """Open images lazily: only what is looked at is read.

    A folder of single-page TIFFs is one frame, its files the slices; a folder of sub-folders
    of them one frame per sub-folder; a folder of multi-page TIFFs, of ``.npy`` or of Zarr folders
    one file per frame. A list of files or folders is read as a folder that holds them, in the
    order of the list. Files are taken in natural order (``frame_2`` before ``frame_10``); hidden
    ones and those of no known format are passed over.

    Voxel size and times come from, in this order: the arguments, ``times.csv`` (column
    ``time_h``) in the folder, and the metadata of the files (ImageJ, OME-TIFF, OME-Zarr);
    they stay None where nobody says.

    Parameters
    ----------
    path
        File, folder, or list of files or folders.
    voxel_size
        ``(z, y, x)`` in µm.
    times
        Hours since the first frame, one per frame.
    axes
        Names of the axes within each file, such as ``"tzyx"``; for files that name them wrongly
        or not at all. Unnamed ones are taken as z, then t, then c, from the right.
    dataset
        Array inside a Zarr group.
    name
        What to call the series.

    Raises
    ------
    FileError
        If nothing there can be opened, or the files do not fit together.
    InputError
        If voxel size, times or axes do not fit the images.
    """
    paths = _existing(path)
    opened = _open_all(paths, axes, dataset)
    source = opened[0].source if len(opened) == 1 else Joined(_equal(opened))
    files = tuple(f for o in opened for f in o.files)
    n_frames = source.shape[0]
    return Series(
        data=to_dask(source, files),
        voxel_size=check_voxel_size(voxel_size) if voxel_size is not None else _voxel_size(opened),
        times=check_times(times, n_frames)
        if times is not None
        else _times(opened, paths, n_frames),
        channels=_channels(opened, source.shape[1]),
        name=name or _name(paths),
        source=files,
        metadata=tuple(
            {**o.metadata, "voxel_size": o.voxel_size, "path": str(o.files[0])}
            for o in opened
            for _ in range(o.source.shape[0])
        ),
    )


def find_format(path: Path) -> Format | None:
    """Return the format of a path, or None."""
    return next((f for f in READERS if f.matches(path)), None)


def _existing(path: str | PathLike[str] | Sequence[str | PathLike[str]]) -> Paths:
    listed = [path] if isinstance(path, (str, PathLike)) else list(path)
    paths = [Path(p).expanduser() for p in listed]
    if not paths:
        raise FileError("The list of files is empty", "choose at least one")
    for p in paths:
        try:
            if not p.exists():
                raise FileError(f"{p} does not exist", "check the name and that the disk is there")
        except (PermissionError, ValueError) as error:
            raise FileError(f"{p} cannot be looked at ({error})", "check the name") from error
    return paths


def _open_all(paths: Paths, axes: str | None, dataset: str | None) -> list[Opened]:
    """Open one file, one folder, or several of either."""
    if len(paths) == 1:
        only = paths[0]
        found = find_format(only)
        if found is not None:
            return found.frames(paths, axes, dataset)
        if only.is_dir():
            return _open_folder(only, axes, dataset)
        raise FileError(
            f"{only} is of no format that can be read ({suffix(only) or 'no suffix'})",
            f"known are {', '.join(f.name for f in READERS)}",
        )
    images, folders = _sort_out(paths)
    for p in paths:
        if p not in images and not folders.get(p):
            raise FileError(f"{p} is of no format that can be read", "leave it out")
    return _open_entries(images, folders, paths[0].parent, axes, dataset)


def _open_folder(folder: Path, axes: str | None, dataset: str | None) -> list[Opened]:
    entries = visible(folder)
    images, folders = _sort_out(entries)
    if not entries:
        raise FileError(f"{folder} is empty", "choose the folder that holds the images")
    if not images and not folders:
        raise FileError(
            f"There are no images in {folder} ({found_suffixes(entries)})",
            f"known are {', '.join(f.name for f in READERS)}",
        )
    return _open_entries(images, folders, folder, axes, dataset)


def _sort_out(entries: Paths) -> tuple[Paths, dict[Path, Paths]]:
    """Images among the entries, and the folders with images and what is in them."""
    images = [p for p in entries if find_format(p)]
    others = set(entries).difference(images)
    inside = {
        p: [i for i in visible(p) if find_format(i)] for p in entries if p in others and p.is_dir()
    }
    return images, {p: found for p, found in inside.items() if found}


def _open_entries(
    images: Paths,
    folders: dict[Path, Paths],
    where: Path,
    axes: str | None,
    dataset: str | None,
) -> list[Opened]:
    """Open files as slices or frames, or sub-folders as one frame each."""
    if folders and images:
        raise FileError(
            f"{where} holds both images and folders of images",
            "open one of the folders, or move the single images away",
        )
    frames = list(folders.values()) or [images]
    one_of_each = {suffix(p): p for frame in frames for p in frame}
    kinds = {f for f in map(find_format, one_of_each.values()) if f is not None}
    if len(kinds) > 1:
        raise FileError(
            f"{where} holds several kinds of images ({found_suffixes(one_of_each.values())})",
            "keep one kind in a folder",
        )
    (form,) = kinds
    if form.slices is not None and form.is_slice(frames[0][0]):
        return [form.slices(frames)]
    several = next((folder for folder, found in folders.items() if len(found) > 1), None)
    if several is not None:
        raise FileError(
            f"{several} holds several volumes",
            "keep one frame in each folder, or all frames in one folder",
        )
    return form.frames([p for frame in frames for p in frame], axes, dataset)


def _equal(opened: list[Opened]) -> tuple[Source, ...]:
    first = opened[0]
    for other in opened[1:]:
        for what, here, there in (
            ("size", _size(other.source.shape), _size(first.source.shape)),
            ("type", other.source.dtype, first.source.dtype),
        ):
            if here != there:
                raise FileError(
                    f"The frames differ in {what}: {other.files[0].name} has {here}, "
                    f"{first.files[0].name} has {there}",
                    "crop or convert them to the same first",
                )
    return tuple(o.source for o in opened)


def _size(shape: Sequence[int]) -> str:
    _, c, z, y, x = shape
    return f"{c} × {z} × {y} × {x}" if c > 1 else f"{z} × {y} × {x}"


def _voxel_size(opened: list[Opened]) -> tuple[float, float, float] | None:
    return next((o.voxel_size for o in opened if o.voxel_size is not None), None)


def _times(opened: list[Opened], paths: Paths, n_frames: int) -> tuple[float, ...] | None:
    folder = paths[0] if len(paths) == 1 and find_format(paths[0]) is None else paths[0].parent
    listed = read_times(folder)
    if listed is not None and (len(listed) == n_frames or folder == paths[0]):
        return check_times(listed, n_frames)
    return opened[0].times if len(opened) == 1 else None


def _channels(opened: list[Opened], n: int) -> tuple[str, ...]:
    names = opened[0].channels
    if names is not None and len(names) == n:
        return names
    return ("intensity",) if n == 1 else tuple(f"channel {i + 1}" for i in range(n))


def _name(paths: Paths) -> str:
    path = paths[0] if len(paths) == 1 else paths[0].absolute().parent
    text = path.absolute().name
    for ending in (".ome.tiff", ".ome.tif", ".ome.zarr", path.suffix):
        if ending and text.lower().endswith(ending.lower()) and len(text) > len(ending):
            return text[: -len(ending)]
    return text or "series"

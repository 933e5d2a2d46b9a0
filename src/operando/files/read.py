"""Open images of any supported format as a lazy series."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando.data.series import Series, check_times, check_voxel_size
from operando.errors import FileError, InputError
from operando.files.calibration import sound_times
from operando.files.folders import (
    TIMES_FILE,
    found_suffixes,
    natural_order,
    read_times,
    suffix,
    visible,
)
from operando.files.formats import READERS, Hints, find_format, raw_frames
from operando.files.name_times import first_in_dates, in_order_of_times, times_from_names
from operando.files.source import Joined, Opened, Source, to_dask
from operando.files.volumes.raw import HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Paths = list[Path]
PACKED = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")


def read(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    voxel_size: Sequence[float] | None = None,
    times: Sequence[float] | None = None,
    axes: str | None = None,
    dataset: str | None = None,
    name: str | None = None,
    shape: Sequence[int] | None = None,
    dtype: str | None = None,
    offset: int = 0,
    byteorder: str = "little",
) -> Series:
    """Open images lazily: only what is looked at is read.

    A folder of single-page TIFFs is one frame, its files the slices; a folder of sub-folders
    of them one frame per sub-folder; a folder of multi-page TIFFs, of ``.npy`` or of Zarr folders
    one file per frame. A list of files or folders is read as a folder that holds them, in the
    order of the list. Files are taken in natural order (``frame_2`` before ``frame_10``), frames
    whose names all tell a time in the order of these; hidden files and those of no known format
    are passed over.

    Voxel size and times come from, in this order: the arguments, ``times.csv`` (column
    ``time_h``) in the folder, the metadata of the files, and for times dates or durations in the
    names of the frames; they stay None where nobody says.

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
        Array inside a Zarr group, or data set of an HDF5 file.
    name
        What to call the series.
    shape, dtype, offset, byteorder
        Layout of raw volumes: lengths with the fastest axis last, such as ``(z, y, x)``; type
        of a voxel, such as "uint16"; bytes before the first; "little" or "big". With both shape
        and dtype given, files of any name are read so.

    Raises
    ------
    FileError
        If nothing there can be opened, or the files do not fit together.
    InputError
        If voxel size, times or axes do not fit the images.
    """
    paths = _existing(path)
    hints = Hints(axes, dataset, tuple(shape) if shape else None, dtype, offset, byteorder)
    opened = _open_all(paths, hints)
    source = opened[0].source if len(opened) == 1 else Joined(_equal(opened))
    files = tuple(f for o in opened for f in o.files)
    n_frames = source.shape[0]
    known = check_times(times, n_frames) if times is not None else _times(opened, paths, n_frames)
    names = _frame_names(opened, n_frames)
    named = times_from_names(names) if known is None else None
    told: dict[str, Any] = {"axes": axes, "dataset": dataset, "shape": hints.shape, "dtype": dtype}
    told |= {"offset": offset or None, "byteorder": None if byteorder == "little" else byteorder}
    guessed = ["frame times are those in the file names"] if named else []
    if first := first_in_dates(names):
        guessed.append(f"dates in the file names have the {first} first")
    notes = _listing_notes(paths)
    return Series(
        data=to_dask(source, files),
        voxel_size=check_voxel_size(voxel_size) if voxel_size is not None else _voxel_size(opened),
        times=known or named,
        channels=_channels(opened, source.shape[1]),
        name=name or _name(paths),
        source=files,
        metadata=tuple(
            {
                **o.metadata,
                "voxel_size": o.voxel_size,
                "path": str(o.files[0]),
                "guessed": (*o.metadata.get("guessed", ()), *guessed),
                "notes": (*o.metadata.get("notes", ()), *notes),
            }
            for o in opened
            for _ in range(o.source.shape[0])
        ),
        named=tuple(paths),
        hints={key: value for key, value in told.items() if value is not None},
    )


def _existing(path: str | PathLike[str] | Sequence[str | PathLike[str]]) -> Paths:
    try:
        listed = [path] if isinstance(path, (str, PathLike)) else list(path)
        paths = [Path(p).expanduser() for p in listed]
    except TypeError as error:
        raise InputError(
            f"What was given to open is no path ({type(path).__name__}: {error})",
            "give a file, a folder, or a list of them",
        ) from error
    if not paths:
        raise FileError("The list of files is empty", "choose at least one")
    for p in paths:
        try:
            if not p.exists():
                raise FileError(f"{p} does not exist", "check the name and that the disk is there")
        except (PermissionError, ValueError) as error:
            raise FileError(f"{p} cannot be looked at ({error})", "check the name") from error
    return paths


def _open_all(paths: Paths, hints: Hints) -> list[Opened]:
    """Open one file, one folder, or several of either."""
    if hints.shape is not None and hints.dtype is not None and not any(p.is_dir() for p in paths):
        return raw_frames(paths, hints)
    if len(paths) == 1:
        only = paths[0]
        found = find_format(only)
        if found is not None:
            return found.frames(paths, hints)
        if only.is_dir():
            return _open_folder(only, hints)
        raise FileError(
            f"{only} is of no format that can be read ({suffix(only) or 'no suffix'})",
            "unpack it first"
            if suffix(only) in PACKED
            else f"known are {', '.join(f.name for f in READERS)}",
        )
    images, folders = _sort_out(paths)
    for p in paths:
        if p not in images and not folders.get(p):
            raise FileError(f"{p} is of no format that can be read", "leave it out")
    return _open_entries(images, folders, paths[0].parent, hints)


def _open_folder(folder: Path, hints: Hints) -> list[Opened]:
    entries = visible(folder)
    images, folders = _sort_out(entries)
    if not entries:
        raise FileError(f"{folder} is empty", "choose the folder that holds the images")
    if not images and not folders:
        raise FileError(
            f"There are no images in {folder} ({found_suffixes(entries)})",
            f"known are {', '.join(f.name for f in READERS)}",
        )
    folders = {p: folders[p] for p in in_order_of_times(list(folders))}
    return _open_entries(images, folders, folder, hints, by_time=not folders)


def _sort_out(entries: Paths) -> tuple[Paths, dict[Path, Paths]]:
    """Images among the entries, and the folders with images and what is in them."""
    headed = {p.with_suffix("") for p in entries if suffix(p) in HEADERS}
    images = [
        p
        for p in entries
        if (f := find_format(p)) and (f.name != "raw" or p.with_suffix("") not in headed)
    ]
    others = set(entries).difference(images)
    inside = {
        p: [i for i in visible(p) if find_format(i)] for p in entries if p in others and p.is_dir()
    }
    return images, {p: found for p, found in inside.items() if found}


def _open_entries(
    images: Paths,
    folders: dict[Path, Paths],
    where: Path,
    hints: Hints,
    by_time: bool = False,
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
    paths = [p for frame in frames for p in frame]
    return form.frames(in_order_of_times(paths) if by_time else paths, hints)


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
    if listed is not None and len(paths) == n_frames > 1:
        listed = _times_of(paths, listed)
    if listed is not None and (len(listed) == n_frames or folder == paths[0]):
        return check_times(listed, n_frames)
    if len(opened) == 1:
        return opened[0].times
    return _times_between([o.metadata.get("acquired") for o in opened]) if n_frames > 1 else None


def _times_of(paths: Paths, times: Sequence[float]) -> tuple[float, ...] | None:
    """Pick the times of listed frames from those of all in their folder; None if these differ."""
    images, folders = _sort_out(visible(paths[0].parent))
    frames = in_order_of_times(images or list(folders))
    if len(frames) != len(times) or not set(paths) <= set(frames):
        return None
    known = dict(zip(frames, times, strict=True))
    listed = tuple(known[path] for path in paths)
    if sound_times(listed) is None:
        raise FileError(
            f"By {paths[0].parent / TIMES_FILE} the listed frames are of {listed} h",
            "list them in the order of time",
        )
    return listed


def _listing_notes(paths: Paths) -> list[str]:
    """Say that frames were listed in another order than a folder of them would be read in."""
    if paths == in_order_of_times(natural_order(paths)):
        return []
    return [
        f"frames are in the order in which they were listed, from {paths[0].name} on, which is not "
        "that of the numbers or times in their names"
    ]


def _frame_names(opened: list[Opened], n_frames: int) -> list[str]:
    """Names of the frames' files, or of their folders; none where frames have no such."""
    if len(opened) == n_frames:
        return [o.files[0].name for o in opened]
    folders = list(dict.fromkeys(f.parent.name for o in opened for f in o.files))
    return folders if len(folders) == n_frames else []


def _times_between(moments: Sequence[datetime | None]) -> tuple[float, ...] | None:
    """Hours since the first of several moments, None unless all are known and follow each other."""
    known = [m for m in moments if m is not None]
    if len(known) != len(moments):
        return None
    return sound_times([(m - known[0]).total_seconds() / 3600 for m in known])


def _channels(opened: list[Opened], n: int) -> tuple[str, ...]:
    names = opened[0].channels
    if names is not None and len(names) == n:
        return names
    return ("intensity",) if n == 1 else tuple(f"channel {i + 1}" for i in range(n))


def _name(paths: Paths) -> str:
    path = paths[0] if len(paths) == 1 else paths[0].absolute().parent
    text = path.absolute().name
    for ending in (".ome.tiff", ".ome.tif", ".ome.zarr", ".nii.gz", path.suffix):
        if ending and text.lower().endswith(ending.lower()) and len(text) > len(ending):
            return text[: -len(ending)]
    return text or "series"

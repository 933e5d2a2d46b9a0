"""The images of a study: where they lie, and how they are found again."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando.compute.progress import Stopwatch
from operando.data.series import Series, check_grey_values, check_times, check_voxel_size
from operando.errors import FileError, InputError, StudyError
from operando.study.products import COPIED, SOURCE
from operando.study.source_state import source_state, source_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from operando.compute.progress import ProgressCallback


def read_images(
    images: Any,
    folder: Path,
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None,
    hints: Mapping[str, Any],
    progress: ProgressCallback | None = None,
) -> Series:
    """Make a series of whatever the user named: files, a series, or an array."""
    from operando.files import read

    if hints and (isinstance(images, Series) or hasattr(images, "shape")):
        raise InputError(
            f"{', '.join(hints)} would tell how files are laid out, the images are no files",
            "leave it out",
        )
    if isinstance(images, Series):
        if images.source:
            return images.with_calibration(voxel_size, times)
        known = images.with_calibration(voxel_size, times)
        return _copy(
            images.data,
            folder,
            known.voxel_size,
            known.times,
            images.channels,
            acquired=first_acquired(images),
            progress=progress,
        )
    if hasattr(images, "shape"):
        return _copy(images, folder, voxel_size, times, progress=progress)
    return read(images, voxel_size=voxel_size, times=times, **hints)


def sources_to_keep(series: Series, folder: Path) -> tuple[str, ...]:
    """Return what the user named, so that a folder stays one entry however many files it has.

    Paths are relative where images and study share a parent, so that both can be moved together.
    """
    named = series.named or series.source
    return tuple(_stored(source.resolve(), folder.resolve()) for source in named)


def first_acquired(series: Series) -> datetime | None:
    """When the first frame was taken, if its file says so."""
    return next(iter(series.metadata), {}).get("acquired")


def frame_names(series: Series) -> tuple[str, ...]:
    """Names of the files or folders of the frames in the one folder that was named.

    Empty where the files do not tell one frame from another.
    """
    folder = series.named[0] if len(series.named) == 1 else Path()
    paths = [Path(known["path"]) for known in series.metadata if "path" in known]
    if len(set(paths)) < series.n_frames:
        paths = list(dict.fromkeys(path.parent for path in series.source))
    if not 1 < series.n_frames == len(paths) or any(folder not in path.parents for path in paths):
        return ()
    return tuple(path.relative_to(folder).as_posix() for path in paths)


def in_recorded_order(series: Series, frames: Sequence[str]) -> Series:
    """Put frames that are read in another order than when the study was made into that order.

    Parameters
    ----------
    series
        As it is read now.
    frames
        Names as `frame_names` gave them then; none where earlier versions made the study.
    """
    from operando.files.folders import natural_key

    now = frame_names(series)
    if not frames and now:
        # Earlier versions took no notice of times in names.
        before = sorted(now, key=lambda name: natural_key(Path(Path(name).parts[0])))
        return series if list(now) == before else with_note(series, _NEW_ORDER.format(before[0]))
    if now == tuple(frames):
        return series
    if sorted(now) != sorted(frames):
        gone = next(name for name in frames if name not in now)
        return with_note(series, _OTHER_NAMES.format(gone))
    order = [now.index(name) for name in frames]
    ordered = replace(
        series,
        data=series.data[order],
        metadata=tuple(series.metadata[k] for k in order),
    )
    return with_note(ordered, _OLD_ORDER.format(frames[0]))


_NEW_ORDER = (
    "frames are in the order of the times in their names; an earlier version took them in the "
    "order of the numbers, from {} on, and results of then have other frames: run the steps again"
)
_OTHER_NAMES = (
    "frames have other names than when the study was made ({} is gone), so that times and strokes "
    "may be those of other frames; give them their names again, or make a new study"
)
_OLD_ORDER = (
    "frames are in the order in which the study was made of them, from {} on; a new study would "
    "have them in another order"
)


def with_note(series: Series, note: str) -> Series:
    """Add what `operando.files.describe` warns of."""
    noted = ({**known, "notes": (*known.get("notes", ()), note)} for known in series.metadata)
    return replace(series, metadata=tuple(noted))


class Sources:
    """The images that a study was made of, where they lie now.

    Parameters
    ----------
    named
        As `sources_to_keep` gave them.
    folder
        The study.
    """

    def __init__(self, named: Sequence[str], folder: Path) -> None:
        self.paths = [(folder / source).resolve() for source in named]
        self._state: tuple[Any, str] = (None, "")

    @property
    def are_there(self) -> bool:
        """Whether none is missing; a folder without anything is where a disk is not mounted."""
        return all(
            next(path.iterdir(), None) is not None if path.is_dir() else path.exists()
            for path in self.paths
        )

    @property
    def state(self) -> str:
        """Short text that changes when a file does; the same for a copy of the files."""
        versions = source_versions(self.paths)
        if versions != self._state[0]:
            self._state = (versions, source_state(self.paths))
        return self._state[1]

    def open(self, **hints: Any) -> Series:
        """Open the images again; hints as in `operando.files.read`.

        Raises
        ------
        FileError
            If they are no longer there.
        """
        from operando.files import read

        missing = [path for path in self.paths if not path.exists()]
        if missing:
            raise FileError(
                f"The images of this study are gone: {missing[0]}",
                "put them back, or correct the sources in its study.json",
            )
        return read(self.paths if len(self.paths) > 1 else self.paths[0], **hints)

    def refusal(self, n_frames: int, n_before: int) -> StudyError:
        """Say that the sources hold another number of frames than when the study was made."""
        made = f"the study was made of {n_before}"
        if len(self.paths) > 1 or not self.paths[0].is_dir():
            where = ", ".join(map(str, self.paths[:3])) + ", …" * (len(self.paths) > 3)
            return StudyError(
                f"There are now {n_frames} frames in {where}, {made}",
                "put the old files back, or make a new study",
            )
        folder, added = self.paths[0], n_frames - n_before
        if added < 0:
            return StudyError(
                f"{folder} now holds {n_frames} frames, {made}",
                "put the missing ones back, or make a new study of those",
            )
        return StudyError(
            f"{folder} now holds {n_frames} frames{_newest(folder, n_frames, added)}, {made}",
            "move the new ones out of it, or make a new study of all",
        )


def _newest(folder: Path, n_frames: int, n: int) -> str:
    """Names of the newest frames of a folder, in brackets; empty where frames are no files."""
    from operando.files.folders import natural_order, visible
    from operando.files.formats import find_format

    files = [path for path in visible(folder) if find_format(path)]
    if len(files) != n_frames:
        return ""
    newest = natural_order(sorted(files, key=lambda path: path.stat().st_mtime_ns)[-n:])
    return f" (the newest: {', '.join(path.name for path in newest[:3])}{', …' * (n > 3)})"


def _stored(source: Path, folder: Path) -> str:
    if folder.parent in source.parents:
        return Path(os.path.relpath(source, folder)).as_posix()
    return str(source)


def _copy(
    array: Any,
    folder: Path,
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None,
    channels: Sequence[str] = (),
    acquired: datetime | None = None,
    progress: ProgressCallback | None = None,
) -> Series:
    import dask.array as da

    from operando.files import read
    from operando.files.ome_zarr import create_image

    if voxel_size is None:
        raise InputError("An array does not say how large a voxel is", "give voxel_size in µm")
    if array.ndim not in {3, 4, 5}:
        raise InputError(
            "Images have the axes (t, z, y, x), (z, y, x) or (t, c, z, y, x); these have "
            f"{array.ndim} axes",
            "add or remove an axis",
        )
    target_path = folder / SOURCE / f"{COPIED}.zarr"
    lazy = array if isinstance(array, da.Array) else da.from_array(array, name=False)
    images = lazy[{3: (None, None), 4: (slice(None), None), 5: ()}[array.ndim]]
    check_grey_values(images)
    if times is not None:
        check_times(times, images.shape[0])
    target = create_image(
        target_path,
        images.shape,
        images.dtype,
        axes="tczyx",
        voxel_size=check_voxel_size(voxel_size),
        channels=channels,
        acquired=acquired,
    )
    frames, n_channels, depth = images.shape[:3]
    slabs = range(0, depth, target.chunks[2])
    watch = Stopwatch(progress, frames * n_channels * len(slabs), "blocks", "Copying")
    for t, c, z in product(range(frames), range(n_channels), slabs):
        slab = (t, c, slice(z, min(z + target.chunks[2], depth)))
        target[slab] = images[slab].compute()
        watch.advance()
    return read(target_path, voxel_size=voxel_size, times=times)

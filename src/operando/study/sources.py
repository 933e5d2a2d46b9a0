"""The images of a study: where they lie, and how they are found again."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando.compute.progress import Stopwatch
from operando.data.series import Series, check_voxel_size
from operando.errors import FileError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.compute.progress import ProgressCallback

COPIED = Path("images") / "source.zarr"
"""Where images are copied to that come as an array."""


def read_images(
    images: Any,
    folder: Path,
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None,
    hints: dict[str, Any],
    progress: ProgressCallback | None = None,
) -> Series:
    """Make a series of whatever the user named: files, a series, or an array."""
    from operando.files import read

    if isinstance(images, Series):
        if images.source:
            return images.with_calibration(voxel_size, times)
        known = images.with_calibration(voxel_size, times)
        return _copy(
            images.data, folder, known.voxel_size, known.times, images.channels, progress=progress
        )
    if hasattr(images, "shape"):
        return _copy(images, folder, voxel_size, times, progress=progress)
    return read(images, voxel_size=voxel_size, times=times, **hints)


def sources_to_keep(images: Any, series: Series, folder: Path) -> tuple[str, ...]:
    """Return what the user named, so that a folder stays one entry however many files it has.

    Paths are relative where images and study share a parent, so that both can be moved together.
    """
    if isinstance(images, str | os.PathLike):
        named = [Path(images)]
    elif isinstance(images, Series) or hasattr(images, "shape"):
        named = list(series.source)
    else:
        named = [Path(image) for image in images]
    return tuple(_stored(source.resolve(), folder.resolve()) for source in named)


def source_paths(sources: Sequence[str], folder: Path) -> list[Path]:
    """Where the images lie now."""
    return [(folder / source).resolve() for source in sources]


def open_sources(sources: Sequence[Path], **hints: Any) -> Series:
    """Open the images of a study again.

    Raises
    ------
    FileError
        If they are no longer there.
    """
    from operando.files import read

    missing = [source for source in sources if not source.exists()]
    if missing:
        raise FileError(
            f"The images of this study are gone: {missing[0]}",
            "put them back, or correct the sources in its study.json",
        )
    return read(list(sources) if len(sources) > 1 else sources[0], **hints)


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
    progress: ProgressCallback | None = None,
) -> Series:
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
    images = array[{3: (None, None), 4: (slice(None), None), 5: ()}[array.ndim]]
    target = create_image(
        folder / COPIED,
        images.shape,
        images.dtype,
        axes="tczyx",
        voxel_size=check_voxel_size(voxel_size),
        channels=channels,
    )
    frames, n_channels, depth = images.shape[:3]
    slabs = range(0, depth, target.chunks[2])
    watch = Stopwatch(progress, frames * n_channels * len(slabs), "blocks", "Copying")
    for t, c, z in product(range(frames), range(n_channels), slabs):
        slab = (t, c, slice(z, min(z + target.chunks[2], depth)))
        target[slab] = _in_memory(images[slab])
        watch.advance()
    return read(folder / COPIED, voxel_size=voxel_size, times=times)


def _in_memory(block: Any) -> Any:
    return block.compute() if hasattr(block, "compute") else block

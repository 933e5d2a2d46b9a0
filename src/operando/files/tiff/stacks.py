"""Several TIFF files as the frames or the slices of one series."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import FileError
from operando.files.axes import size_text
from operando.files.source import Opened
from operando.files.tiff.checks import check_page, page_offsets, telling
from operando.files.tiff.pages import Pages, page_at
from operando.files.tiff.reader import open_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


SLICES_CHECKED = 2000
"""Slices whose headers are looked at when a series is opened; the others when they are read."""


def is_slice(path: Path) -> bool:
    """Whether a TIFF file holds a single plane."""
    return open_tiff(path).source.shape[:3] == (1, 1, 1)


def open_frames(paths: Sequence[Path], axes: str | None = None) -> list[Opened]:
    """Open TIFF files that hold one or more whole frames each."""
    first = open_tiff(paths[0], axes)
    # An OME-TIFF over several files holds them all.
    return [first, *(_open_like(p, first, axes) for p in paths[1:] if p not in first.files)]


def _open_like(path: Path, first: Opened, axes: str | None) -> Opened:
    """Open a file as the first one was, without parsing all its pages where their tags agree."""
    source = first.source
    if not isinstance(source, Pages) or first.metadata["format"] == "OME-TIFF":
        return open_tiff(path, axes)
    import tifffile

    with telling(path):
        offsets = page_offsets(path)
        with tifffile.TiffFile(path) as tif:
            page = tif.pages[0]
            last = page_at(tif, path, len(offsets) - 1)
            same = (
                len(offsets) == int(source.page_of.max()) + 1
                and page.shape == last.shape == source.page_shape
                and page.dtype == last.dtype == source.dtype
                and page.description == first.metadata["description"]
                and page.resolution == first.metadata["resolution"]
            )
            if not same:
                return open_tiff(path, axes)
            check_page(page, path)
            check_page(last, path)
    return replace(first, source=source.on(path), files=(path,))


def open_slices(frames: Sequence[Sequence[Path]]) -> Opened:
    """Open single-page TIFF files as the slices of one or more frames.

    Parameters
    ----------
    frames
        For each frame its files, in order along z.

    Raises
    ------
    FileError
        If a file has several pages, or another size or type than the first. Of very many files
        an even choice is looked at now, the others when they are read.
    """
    first = open_tiff(frames[0][0], by_page=True)
    page = first.source
    if not isinstance(page, Pages) or page.page_of.size > 1:
        raise FileError(f"{frames[0][0]} holds more than one slice", "open it by itself")
    counts = {len(frame) for frame in frames}
    if len(counts) > 1:
        short = min(frames, key=len)
        raise FileError(
            f"{short[0].parent} holds {len(short)} slices, another frame {max(counts)}",
            "every frame needs the same number of slices",
        )
    files = tuple(path for frame in frames for path in frame)
    chosen = np.linspace(0, len(files) - 1, min(len(files), SLICES_CHECKED)).round().astype(int)
    for i in chosen[1:]:
        _check_slice(files[i], files[0], page)
    shape = (len(frames), 1, len(frames[0]))
    zeros = np.zeros(shape, np.int32)
    number = np.arange(len(files), dtype=np.int32).reshape(shape)
    source = replace(page, files=files, file_of=number, page_of=zeros, part_of=zeros)
    # One slice knows the size of its pixels, but nothing of its distance to the next.
    known = {"pixel_size_um": first.voxel_size[1:]} if first.voxel_size else {}
    return Opened(source=source, files=files, metadata={**first.metadata, **known})


def _check_slice(path: Path, like: Path, page: Pages) -> None:
    import tifffile

    with telling(path), tifffile.TiffFile(path) as tif:
        found = tif.pages[0]
        check_page(found, path)
        if tif.pages.is_multipage:
            raise FileError(
                f"{path} holds several images, {like.name} only one",
                "keep slices and whole frames in separate folders",
            )
        for what, here, there in (
            ("size", size_text(found.shape), size_text(page.page_shape)),
            ("type", found.dtype, page.dtype),
        ):
            if here != there:
                raise FileError(
                    f"The slices differ in {what}: {path.name} has {here}, {like.name} has {there}",
                    "keep the slices of one scan in a folder by themselves",
                )

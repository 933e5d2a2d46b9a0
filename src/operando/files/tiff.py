"""TIFF: ImageJ, OME, tifffile's own and plain files, as volumes, as frames and as slices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.axes import name_axes, to_5d
from operando.files.source import Mapped, Opened
from operando.files.tiff_checks import (
    check_first_segment,
    check_page,
    page_offsets,
    telling,
    truncated,
)
from operando.files.tiff_metadata import calibration
from operando.files.tiff_pages import Pages, check_grey, page_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

SLICES_CHECKED = 2000
"""Slices whose headers are looked at when a series is opened; the others when they are read."""


def open_tiff(path: Path, axes: str | None = None, *, by_page: bool = False) -> Opened:
    """Open one TIFF file.

    Plain pages are slices (z) unless ImageJ, OME or tifffile metadata name the axes. Grey values
    are kept as stored: also where the file says that white is zero. Colour is refused unless
    its planes are equal; an alpha channel is left out.

    Parameters
    ----------
    path
        File; for OME-TIFF over several files any that holds the metadata.
    axes
        Names of the axes, overriding those of the file.
    by_page
        Read page by page also what could be mapped as a whole.

    Raises
    ------
    FileError
        If it is no TIFF, truncated, damaged, in colour, or holds images of different size.
    """
    import tifffile

    with telling(path):
        offsets = page_offsets(path)
        with tifffile.TiffFile(path) as tif:
            series = _only_series(tif, path)
            _check_claims(tif, series, len(offsets), path)
            check_page(series.keyframe, path)
            check_first_segment(series.keyframe, path)
            if len(offsets) > 1:
                check_page(page_at(tif, path, len(offsets) - 1), path)
            source = _source(series, path, axes, by_page)
            _check_colour(series, source, path)
            shape = source.shape
            return Opened(
                source=source,
                files=source.files if isinstance(source, Pages) else (path,),
                **calibration(tif, shape[0], shape[2]),
                metadata=_facts(tif, series),
            )


def open_frames(paths: Sequence[Path], axes: str | None = None) -> list[Opened]:
    """Open TIFF files that hold one or more whole frames each."""
    first = open_tiff(paths[0], axes)
    # An OME-TIFF over several files holds them all.
    return [first, *(_open_like(p, first, axes) for p in paths[1:] if p not in first.files)]


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
            ("size", _size(found.shape), _size(page.page_shape)),
            ("type", found.dtype, page.dtype),
        ):
            if here != there:
                raise FileError(
                    f"The slices differ in {what}: {path.name} has {here}, {like.name} has {there}",
                    "keep the slices of one scan in a folder by themselves",
                )


def _size(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def is_slice(path: Path) -> bool:
    """Whether a TIFF file holds a single plane."""
    return open_tiff(path).source.shape[:3] == (1, 1, 1)


def _only_series(tif: tifffile.TiffFile, path: Path) -> tifffile.TiffPageSeries:
    series = [s for s in tif.series if not s.keyframe.is_reduced] or list(tif.series)
    if not series:
        raise FileError(f"{path} holds no image", "check what wrote it")
    if len(series) > 1:
        kinds = sorted({f"{' × '.join(map(str, s.shape))} {s.dtype}" for s in series})
        raise FileError(
            f"{path} holds {len(series)} separate images ({', '.join(kinds[:3])})",
            "save the one that you need as a file of its own",
        )
    return series[0]


def _check_claims(
    tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, n_pages: int, path: Path
) -> None:
    """Refuse a file that holds less than its metadata say."""
    claims = "ome" if tif.is_ome else "imagej" if tif.is_imagej else series.kind
    count = int(np.prod(series.shape)) // max(series.keyframe.size, 1)
    if series.kind == "shaped":
        told = tif.shaped_metadata[0]["shape"]
        if np.prod(told) != np.prod(series.shape):
            raise FileError(
                f"{path} is damaged: it names {_size(told)} voxels and has {_size(series.shape)}",
                "copy it again from its origin",
            )
    if series.kind != claims and not (claims == "ome" and n_pages == 1):
        raise FileError(
            f"{path} does not hold the images that its {claims} metadata describe",
            "it may be truncated; copy it again from its origin",
        )
    if claims == "imagej" and tif.imagej_metadata.get("images", count) != count and count > 1:
        raise FileError(
            f"{path} names {tif.imagej_metadata['images']} images, its axes make {count}",
            "save it again from ImageJ",
        )
    if series.dataoffset is not None and not series.is_multifile:
        end = series.dataoffset + int(np.prod(series.shape)) * series.dtype.itemsize
        if end > path.stat().st_size:
            raise truncated(path)


def _source(
    series: tifffile.TiffPageSeries, path: Path, hint: str | None, by_page: bool
) -> Mapped | Pages:
    found, shape = series.get_axes(squeeze=False).lower(), series.get_shape(squeeze=False)
    if "s" in found and shape[found.index("s")] == 1:
        at = found.index("s")
        found, shape = found[:at] + found[at + 1 :], shape[:at] + shape[at + 1 :]
    dtype = np.dtype(series.dtype)
    whole = series.dataoffset is not None and not series.is_multifile and not by_page
    if whole and "s" not in found:
        axes = name_axes(found, shape, hint)
        stored = dtype.newbyteorder(series.parent.byteorder)
        return Mapped(path, tuple(shape), stored, int(series.dataoffset), axes)
    return _pages(series, path, found, shape, dtype, hint)


def _pages(
    series: tifffile.TiffPageSeries,
    path: Path,
    found: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    hint: str | None,
) -> Pages:
    page = series.keyframe
    samples = shape[found.index("s")] if "s" in found else 1
    planar = samples > 1 and not found.endswith("s")
    colour = samples > 2 and page.photometric != 1
    alpha = any(kind in (1, 2) for kind in page.extrasamples)
    grey = colour or samples == 1 or alpha
    rest = [(a, n) for a, n in zip(found, shape, strict=True) if a != "s"]
    if not grey:
        rest = [("c", samples), *((a, n) for a, n in rest if a != "c" or n > 1)]
    axes = name_axes("".join(a for a, _ in rest), [n for _, n in rest], hint)
    if not axes.endswith("yx"):
        raise FileError(
            f"{path} does not store its images plane by plane (axes {axes})",
            "save it again as a plain stack of slices",
        )
    lead = [n for _, n in rest[:-2]]
    plane = (rest[-2][1], rest[-1][1])
    numbers = np.arange(np.prod(lead[0 if grey else 1 :], dtype=int), dtype=np.int32)
    numbers = np.broadcast_to(numbers.reshape(lead[0 if grey else 1 :]), lead)
    planes = to_5d(numbers, axes[:-2], "tcz")
    per_page = page.size // (plane[0] * plane[1] * samples)
    files, file_of, page_of = _where(series, path)
    return Pages(
        files=files,
        file_of=file_of[planes // per_page],
        page_of=page_of[planes // per_page],
        part_of=planes % per_page,
        plane=plane,
        dtype=dtype.newbyteorder("="),
        page_shape=page.shape,
        samples=samples,
        planar=planar,
        grey=grey,
        colour=colour,
    )


def _where(
    series: tifffile.TiffPageSeries, path: Path
) -> tuple[tuple[Path, ...], NDArray[np.int32], NDArray[np.int32]]:
    """Files of a series, and for each of its pages the file and the number in it."""
    names = {path.name: 0}
    file_of, page_of = [], []
    for page in series:
        if page is None:
            raise FileError(
                f"{path} is one of several OME-TIFF files of which some are missing",
                "put all of them into one folder",
            )
        file_of.append(names.setdefault(page.parent.filehandle.name, len(names)))
        page_of.append(page.index)
    files = tuple(path.with_name(name) for name in names)
    return files, np.array(file_of, np.int32), np.array(page_of, np.int32)


def _check_colour(series: tifffile.TiffPageSeries, source: Mapped | Pages, path: Path) -> None:
    page = series.keyframe
    if page.photometric == 3 and series.kind != "imagej":
        raise FileError(
            f"This image uses a colour palette; {path.name} holds no grey values",
            "convert it to greyscale",
        )
    if isinstance(source, Pages) and source.colour:
        image = page.asarray()
        image = np.moveaxis(image, 0, -1) if source.planar else image
        check_grey(image.reshape(-1, source.samples), path)


def _facts(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> dict[str, Any]:
    page = series.keyframe
    facts = {
        "format": {"ome": "OME-TIFF", "imagej": "ImageJ TIFF"}.get(series.kind, "TIFF"),
        "compression": getattr(page.compression, "name", str(page.compression)).lower(),
        "white_is_zero": page.photometric == 0,
        "resolution": page.resolution,
        "description": page.description,
    }
    if series.name:
        facts["name"] = series.name
    return facts


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

"""TIFF: ImageJ, OME, tifffile's own and plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.axes import size_text
from operando.files.source import Mapped, Opened
from operando.files.tiff.checks import (
    check_first_segment,
    check_page,
    page_offsets,
    telling,
    truncated,
)
from operando.files.tiff.layout import find_voxels
from operando.files.tiff.metadata import calibration
from operando.files.tiff.pages import Pages, check_grey, page_at

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile


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
            source = find_voxels(series, path, axes, by_page)
            _check_colour(series, source, path)
            shape = source.shape
            return Opened(
                source=source,
                files=source.files if isinstance(source, Pages) else (path,),
                **calibration(tif, shape[0], shape[2]),
                metadata=_facts(tif, series),
            )


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
                f"{path} is damaged: it names {size_text(told)} voxels "
                f"and has {size_text(series.shape)}",
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

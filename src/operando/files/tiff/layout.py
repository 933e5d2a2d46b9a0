"""Where in its files a TIFF series keeps which voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import FileError
from operando.files.axes import name_axes, to_5d
from operando.files.source import Mapped
from operando.files.tiff.pages import Pages

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import tifffile
    from numpy.typing import NDArray


def find_voxels(
    series: tifffile.TiffPageSeries, path: Path, hint: str | None, by_page: bool
) -> Mapped | Pages:
    """Map the voxels of a series as a whole where they lie in one piece, else page by page."""
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
                f"{path} names images that are not there: they were never written, or lie in other "
                "OME-TIFF files that are missing",
                "put all files into one folder, or copy this one again from its origin",
            )
        file_of.append(names.setdefault(page.parent.filehandle.name, len(names)))
        page_of.append(page.index)
    files = tuple(path.with_name(name) for name in names)
    return files, np.array(file_of, np.int32), np.array(page_of, np.int32)

"""Pages of TIFF files, read one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.axes import size_text
from operando.files.tiff.checks import check_page, page_offsets, telling, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

    from operando.files.source import Box, Shape

CHUNK_BYTES = 2**19
MOST_PAGES = 16


@dataclass(frozen=True, eq=False)
class Pages:
    """Images in single pages of one or many TIFF files.

    Parameters
    ----------
    files
        The files.
    file_of, page_of, part_of
        ``(T, C, Z)`` number of the file, of the page in it, and of the plane in the page.
    plane
        Voxels of one plane ``(y, x)``.
    dtype
        Type of a voxel in the machine's byte order.
    page_shape
        Shape of every page as tifffile gives it.
    samples
        Values per voxel in a page: 1, or several that are stored last or, `planar`, first.
    grey
        Whether the first of several samples is the image; else they are channels.
    colour
        Whether three samples are red, green and blue, which must then be equal.
    """

    files: tuple[Path, ...]
    file_of: NDArray[np.integer[Any]]
    page_of: NDArray[np.integer[Any]]
    part_of: NDArray[np.integer[Any]]
    plane: tuple[int, int]
    dtype: np.dtype[Any]
    page_shape: tuple[int, ...]
    samples: int = 1
    planar: bool = False
    grey: bool = True
    colour: bool = False

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        t, c, z = self.page_of.shape
        return t, c, z, *self.plane

    @property
    def chunks(self) -> Shape:
        """One plane, or a few where they are small."""
        nbytes = self.plane[0] * self.plane[1] * self.dtype.itemsize
        several = int(np.clip(CHUNK_BYTES // nbytes, 1, MOST_PAGES))
        return 1, 1, min(several, self.shape[2]), *self.plane

    def on(self, path: Path) -> Pages:
        """Return the same layout in another file."""
        return replace(self, files=(path,))

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box; a view of the file where its pages lie open in it."""
        where = box[:3]
        files, pages, parts = self.file_of[where], self.page_of[where], self.part_of[where]
        channels = np.broadcast_to(np.arange(self.shape[1])[None, box[1], None], files.shape)
        planes: dict[tuple[int, ...], NDArray[Any]] = {}
        for number in np.unique(files):
            path = self.files[number]
            inside = files == number
            wanted = [int(p) for p in np.unique(pages[inside])]
            for page, image in zip(wanted, read_pages(path, wanted, self.page_shape), strict=True):
                for index in map(tuple, np.argwhere(inside & (pages == page))):
                    plane = self._plane(image, path, parts[index], channels[index])
                    planes[index] = plane[box[3:]]
        if len(planes) == 1:
            only = next(iter(planes.values())).astype(self.dtype, copy=False)
            return only[None, None, None]
        out = np.empty((*files.shape, *next(iter(planes.values())).shape), self.dtype)
        for index, image in planes.items():
            out[index] = image
        return out

    def _plane(self, page: NDArray[Any], path: Path, part: int, channel: int) -> NDArray[Any]:
        if page.dtype.newbyteorder("=") != self.dtype:
            raise FileError(
                f"{path} holds {page.dtype} voxels, the others {self.dtype}",
                "save all images with one type",
            )
        if self.samples == 1:
            plane: NDArray[Any] = page.reshape(-1, *self.plane)[part]
            return plane
        page = np.moveaxis(page, 0, -1) if self.planar else page
        image: NDArray[Any] = page.reshape(-1, *self.plane, self.samples)[part]
        if self.colour:
            check_grey(image, path)
        return image[..., 0 if self.grey else channel]


def check_grey(image: NDArray[Any], path: Path) -> None:
    """Refuse a colour image ``(y, x, rgb...)`` unless its three planes are equal."""
    red = image[..., 0]
    if not (np.array_equal(red, image[..., 1]) and np.array_equal(red, image[..., 2])):
        raise FileError(
            f"This image is in colour (RGB); {path.name} holds no grey values",
            "convert it to greyscale, or export it without colours or labels burnt in",
        )


def read_pages(
    path: Path, numbers: list[int], shape: tuple[int, ...] | None = None
) -> Iterator[NDArray[Any]]:
    """Read pages of a TIFF file, without looking at the others.

    Parameters
    ----------
    path
        File; it is closed again.
    numbers
        Pages, from 0.
    shape
        What each must be.

    Yields
    ------
    A page as tifffile gives it; memory-mapped where its bytes lie open in the file.
    """
    import tifffile

    with telling(path), tifffile.TiffFile(path) as tif:
        for number in numbers:
            page = tif.pages[0] if number == 0 else page_at(tif, path, number)
            if shape is not None and page.shape != shape:
                raise FileError(
                    f"{path} holds an image of {size_text(page.shape)} voxels, the others have "
                    f"{size_text(shape)}",
                    "keep images of one size in a folder",
                )
            check_page(page, path)
            yield page.asarray(out="memmap" if page.is_memmappable else None, maxworkers=1)


def page_at(tif: tifffile.TiffFile, path: Path, number: int) -> tifffile.TiffPage:
    """Return one page of an open file by its offset."""
    import tifffile

    offsets = page_offsets(path)
    if number >= len(offsets):
        raise truncated(path)
    tif.filehandle.seek(int(offsets[number]))
    return tifffile.TiffPage(tif, number)

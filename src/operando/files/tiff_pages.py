"""Pages of TIFF files: where they start, what one holds, and reading them one by one."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError, OperandoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

    from operando.files.source import Box, Shape

# What tifffile and the decoders raise on damaged bytes; they promise no narrower set.
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
CHUNK_BYTES = 2**19
MOST_PAGES = 16


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a TIFF file is read into one sentence that names it."""
    try:
        yield
    except OperandoError:
        raise
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist", "check the name") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read", "ask its owner for read permission") from error
    except DAMAGE as error:
        detail = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise FileError(
            f"{path} is no TIFF file that can be read, or it is damaged ({detail})",
            "copy it again from its origin",
        ) from error


def truncated(path: Path) -> FileError:
    """Return the error for a file that ends before its images do."""
    return FileError(
        f"{path} is truncated: it ends before its last image does", "copy it again from its origin"
    )


def page_offsets(path: Path) -> NDArray[np.int64]:
    """Return the byte offset of every page directory of a TIFF file, in order.

    Raises
    ------
    FileError
        If the chain of directories leaves the file or runs in a circle.
    """
    with telling(path):
        status = path.stat()
        return _page_offsets(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _page_offsets(path: Path, size: int, modified_ns: int) -> NDArray[np.int64]:
    found: dict[int, None] = {}
    with path.open("rb") as file:
        head = file.read(16)
        if head[:2] not in (b"II", b"MM") or len(head) < 8:
            raise FileError(f"{path} is not a TIFF file", "check what wrote it")
        order = "<" if head[:2] == b"II" else ">"
        big = struct.unpack(order + "H", head[2:4])[0] == 43
        count_type, entry, next_type = ("Q", 20, "Q") if big else ("H", 12, "I")
        count, following = struct.Struct(order + count_type), struct.Struct(order + next_type)
        at = following.unpack_from(head, 8 if big else 4)[0]
        while at:
            if at in found:
                raise FileError(f"{path} is damaged: its pages run in a circle")
            file.seek(at)
            raw = file.read(count.size)
            if at >= size or len(raw) < count.size:
                raise truncated(path)
            entries = count.unpack(raw)[0]
            if not found and _values_end(file.read(entry * entries), entry, order) > size:
                raise truncated(path)
            found[at] = None
            file.seek(at + count.size + entry * entries)
            raw = file.read(following.size)
            if len(raw) < following.size:
                raise truncated(path)
            at = following.unpack(raw)[0]
    if not found:
        raise FileError(f"{path} holds no image", "check what wrote it")
    offsets = np.fromiter(found, np.int64)
    offsets.flags.writeable = False
    return offsets


def _values_end(directory: bytes, entry: int, order: str) -> int:
    """Where the last of the values ends that a page directory keeps elsewhere in the file."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
    layout = struct.Struct(order + ("HHQQ" if entry == 20 else "HHII"))
    ends = [0]
    for _, kind, count, value in layout.iter_unpack(directory[: len(directory) // entry * entry]):
        nbytes = sizes.get(kind, 8) * count
        if nbytes > (8 if entry == 20 else 4):
            ends.append(value + nbytes)
    return max(ends)


def check_page(page: tifffile.TiffPage, path: Path) -> None:
    """Refuse a page whose data lie outside the file or do not add up to its shape."""
    size = os.path.getsize(path)
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if any(a + n > size for a, n in segments if n):
        raise truncated(path)
    damaged = _damaged(page, path)
    if not segments or page.dtype is None or 0 in page.shape:
        raise damaged
    if page.is_contiguous:
        # Writers of stacks list one strip for all slices, others pad to an even address.
        total = sum(n for _, n in segments)
        if total < page.nbytes or total % page.nbytes >= min(page.nbytes, 16):
            raise damaged
        return
    if int(np.prod(page.chunked)) != len(segments):
        raise damaged


def check_first_segment(page: tifffile.TiffPage, path: Path) -> None:
    """Refuse a page whose first strip or tile decodes to another size than its tags say.

    Done once per file: tifffile would pad or cut such data without a word. Codecs that store
    the size themselves (JPEG, fax and the like) are left to say so when they decode.
    """
    import tifffile

    lossless = {5, 8, 32773, 32946, 34926, 50000}
    if page.compression not in lossless or page.imagedepth > 1 or not page.databytecounts[0]:
        return
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    length, width = min(page.rowsperstrip, page.imagelength), page.imagewidth
    if page.is_tiled:
        length, width = page.tilelength, page.tilewidth
    page.parent.filehandle.seek(page.dataoffsets[0])
    raw = page.parent.filehandle.read(page.databytecounts[0])
    decoded = len(tifffile.TIFF.DECOMPRESSORS[page.compression](raw))
    if decoded != length * (-(-width * samples * page.bitspersample // 8)):
        raise _damaged(page, path)


def _damaged(page: tifffile.TiffPage, path: Path) -> FileError:
    return FileError(
        f"{path} is damaged: its data do not fill images of {page.imagelength} × "
        f"{page.imagewidth} voxels",
        "copy it again from its origin",
    )


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
                    f"{path} holds an image of {_size(page.shape)} voxels, the others have "
                    f"{_size(shape)}",
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


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))

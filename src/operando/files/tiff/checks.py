"""What can be wrong with a TIFF file, and where its pages start."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import FileError, OperandoError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

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
                raise FileError(
                    f"{path} is damaged: its pages run in a circle", "copy it again from its origin"
                )
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

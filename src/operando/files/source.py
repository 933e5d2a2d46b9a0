"""What a reader hands over: images that are read block by block, and what the file says of them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from operando.errors import FileError
from operando.files.axes import shape_5d, to_5d

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray

    Index = int | slice | Sequence[int] | NDArray[np.int_]

    from operando.data.series import Spacing

Shape = tuple[int, int, int, int, int]
Box = tuple[slice, slice, slice, slice, slice]
READ_AHEAD = 2**17
"""Bytes that systems read on behind what is asked for, usually."""


class Source(Protocol):
    """Images ``(t, c, z, y, x)`` in files; holds no open file, so that it can be pickled."""

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel in the machine's byte order."""
        ...

    @property
    def chunks(self) -> Shape:
        """Block that is cheap to read at once."""
        ...

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box; raise `FileError` if the file does not give them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A source with the calibration that its files give.

    Parameters
    ----------
    source
        The images.
    files
        Files in reading order.
    voxel_size
        ``(z, y, x)`` in µm, or None.
    times
        Hours, one per frame, or None.
    channels
        Names, or None where the file has none.
    metadata
        What else is known, the same for all frames of this source.
    """

    source: Source
    files: tuple[Path, ...]
    voxel_size: Spacing | None = None
    times: tuple[float, ...] | None = None
    channels: tuple[str, ...] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """One array in a file, and how it lies there.

    Parameters
    ----------
    path
        File.
    stored
        Shape of the array in the file.
    stored_dtype
        Type of its elements, with their byte order.
    offset
        Bytes before it.
    axes
        Name of each axis, as `operando.files.axes.name_axes` gives them.
    """

    path: Path
    stored: tuple[int, ...]
    stored_dtype: np.dtype[Any]
    offset: int
    axes: str

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        return shape_5d(self.stored, self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel in the machine's byte order."""
        return self.stored_dtype.newbyteorder("=")


@dataclass(frozen=True)
class Mapped(Stored):
    """An array in one piece, memory-mapped: a block is a view until it is looked at.

    Parameters
    ----------
    order
        "C", or "F" where the first axis runs fastest.
    """

    order: Literal["C", "F"] = "C"

    @property
    def chunks(self) -> Shape:
        """A frame, which costs nothing, or a block small enough to swap its bytes."""
        z, y, x = self.shape[2:]
        if self.stored_dtype.isnative:
            return 1, 1, z, y, x
        return 1, 1, min(z, 8), min(y, 128), x

    def read(self, box: Box) -> NDArray[Any]:
        """Return a view of the file, or a copy where the byte order differs."""
        try:
            mapped = np.memmap(
                self.path, self.stored_dtype, "r", self.offset, self.stored, self.order
            )
        except (OSError, ValueError) as error:
            raise FileError(
                f"{self.path} cannot be read any more ({error})", "open the series again"
            ) from error
        block = to_5d(np.asarray(mapped), self.axes)[box]
        if is_scattered(block):
            _read_no_further(mapped.base)
        return block if self.stored_dtype.isnative else block.astype(self.dtype)


def is_scattered(block: NDArray[Any]) -> bool:
    """Whether a view of a file is made of short pieces that lie far from each other.

    So does a slice along y of a large volume: a row out of every page. The system would read
    128 kB and more on for each of them, in the end the whole file.
    """
    run = block.itemsize
    for stride, n in sorted(
        (abs(s), n) for s, n in zip(block.strides, block.shape, strict=True) if n > 1
    ):
        if stride > run:
            return run < READ_AHEAD < stride - run
        run = stride * n
    return False


def _read_no_further(mapped: Any) -> None:
    """Read of a mapped file only the pages that are touched, where the system can be told."""
    if hasattr(mapped, "madvise") and hasattr(mmap, "MADV_RANDOM"):
        mapped.madvise(mmap.MADV_RANDOM)


@dataclass(frozen=True)
class Joined:
    """Sources of equal frames, one after the other in time."""

    sources: tuple[Source, ...]

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        return (sum(s.shape[0] for s in self.sources), *self.sources[0].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self.sources[0].dtype

    @property
    def chunks(self) -> Shape:
        """Those of the first source, one frame at a time."""
        return (1, *self.sources[0].chunks[1:])

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box from the sources that hold its frames."""
        parts = list(self._parts(box))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _parts(self, box: Box) -> Iterator[NDArray[Any]]:
        first = 0
        for source in self.sources:
            n = source.shape[0]
            start, stop = max(box[0].start - first, 0), min(box[0].stop - first, n)
            if start < stop:
                yield source.read((slice(start, stop), *box[1:]))
            first += n


@dataclass(frozen=True)
class _ArrayLike:
    source: Source
    version: tuple[Any, ...]

    @property
    def shape(self) -> Shape:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def ndim(self) -> int:
        return 5

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return self.version

    def __getitem__(self, index: tuple[Index | None, ...]) -> NDArray[Any]:
        """Read a part of a block; dask merges what is sliced afterwards into the index."""
        sides = [i for i in index if i is not None]
        sides += [slice(None)] * (self.ndim - len(sides))
        parts = [_part(i, n) for i, n in zip(sides, self.shape, strict=True)]
        t, c, z, y, x = (box for box, _ in parts)
        rest = iter([rest for _, rest in parts])
        block = self.source.read((t, c, z, y, x))
        return block[(*(None if i is None else next(rest) for i in index), *rest)]


def _part(index: Index, n: int) -> tuple[slice, Index]:
    """Interval of an axis that holds what is asked for, and where it lies in the interval."""
    if isinstance(index, slice):
        chosen = range(n)[index]
        if not chosen:
            return slice(0, 1), slice(0, 0)
        ends = sorted((chosen[0], chosen[-1]))
        return slice(ends[0], ends[1] + 1), slice(None, None, chosen.step)
    places = np.arange(n)[index]
    start, stop = int(places.min(initial=n - 1)), int(places.max(initial=0)) + 1
    rest = int(places) - start if places.ndim == 0 else places - start
    return slice(min(start, stop - 1), stop), rest


def to_dask(source: Source, files: Sequence[Path]) -> da.Array:
    """Wrap a source as a dask array; its name changes when a file changes.

    One lazy layer holds all blocks, so that neither opening nor showing a slice takes longer
    for more of them. Of a block only what is asked for is read.
    """
    import dask.array as da
    from dask.base import tokenize

    ends = [f.stat() for f in (files[0], files[-1])]
    version = (tokenize(source), *((s.st_mtime_ns, s.st_size) for s in ends))
    return da.from_array(
        _ArrayLike(source, version),
        chunks=source.chunks,
        asarray=False,
        meta=np.empty((0,) * 5, source.dtype),
    )

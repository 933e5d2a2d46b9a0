"""Read boxes of frames from any array, whatever axes it has, and keep slow reads."""

from __future__ import annotations

from collections import OrderedDict
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.given import as_array
from operando.data.series import Series
from operando.errors import InputError
from operando.nets.architecture import SEEN_FRAMES, TIME_UNET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.compute.tiles import Box

CELL = (32, 128, 128)
"""Voxels (z, y, x) that are read and kept together from arrays that do not lie in memory."""

SLICES = 8
"""That are read and kept together where slices lie in files as a whole."""
SEEN_SLICES = 64
"""As many of them have to fit into what may be kept; a window sees fewer."""


class Frames:
    """Frames of an array-like, read box by box.

    Parameters
    ----------
    array
        Numpy, memmap, dask or zarr; or a `Series`.
    axes
        Its axes: "zyx", "czyx", "tzyx" or "tczyx"; None takes the one of these that starts with
        t and has as many axes, or "zyx".
    cache_bytes
        Most that is kept of an array that does not lie in memory.

    Attributes
    ----------
    shape
        ``(T, C, Z, Y, X)``.
    """

    def __init__(self, array: Any, axes: str | None = None, cache_bytes: int = 2**30) -> None:
        array = array_of(array)
        ndim = len(array.shape)
        axes = axes or {3: "zyx", 4: "tzyx", 5: "tczyx"}.get(ndim, "")
        if ndim != len(axes) or 0 in array.shape:
            raise InputError(
                f"Images of the shape {tuple(array.shape)}",
                "give (z, y, x), (t, z, y, x) or (t, c, z, y, x)",
            )
        if array.dtype.kind not in "biuf":
            raise InputError(
                f"Voxels of type {array.dtype} are no grey values",
                "convert the images to integers or real numbers",
            )
        length = {axis: int(n) for axis, n in zip(axes, array.shape, strict=True)}
        self.shape = (
            length.get("t", 1),
            length.get("c", 1),
            length["z"],
            length["y"],
            length["x"],
        )
        self._array = array
        self._axes = axes
        self._in_memory = isinstance(array, np.ndarray)
        self._cells: OrderedDict[tuple[int, ...], NDArray[Any]] = OrderedDict()
        self._kept = 0
        self._cache_bytes = cache_bytes
        self._cell_shape = self._cell_for(getattr(array, "chunksize", ()))

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Voxels of one frame, ``(z, y, x)``."""
        return self.shape[2:]

    def read(self, t: int, box: Box, *, keep: bool = True) -> NDArray[Any]:
        """Read one box ``(z, y, x)`` of one frame: ``(C, z, y, x)`` in the array's own type.

        With `keep`, whole cells are read and kept; without, as for single slices, the box alone.
        """
        if self._in_memory or not keep:
            return self._fetch(t, box)
        shape = tuple(s.stop - s.start for s in box)
        out = np.empty((self.shape[1], *shape), self._array.dtype)
        ranges = [
            range(s.start // n, -(-s.stop // n)) for s, n in zip(box, self._cell_shape, strict=True)
        ]
        for index in product(*ranges):
            cell = self._cell(t, index)
            source, target = [], []
            for i, n, s, size in zip(index, self._cell_shape, box, cell.shape[1:], strict=True):
                a, b = max(s.start, i * n), min(s.stop, i * n + size)
                source.append(slice(a - i * n, b - i * n))
                target.append(slice(a - s.start, b - s.start))
            out[:, *target] = cell[:, *source]
        return out

    def imaged(self, t: int, box: Box) -> NDArray[np.bool_]:
        """Tell which voxels ``(z, y, x)`` of a box were imaged; see `imaged`."""
        if self._array.dtype.kind != "f":
            return np.ones([s.stop - s.start for s in box], bool)
        return imaged(self.read(t, box))

    def _cell_for(self, chunk: Sequence[int]) -> tuple[int, int, int]:
        """Whole slices where chunks are, as a part of a compressed one is not unpacked alone."""
        _, channels, _, y, x = self.shape
        seen = SEEN_SLICES * channels * y * x * self._array.dtype.itemsize
        whole = tuple(chunk[-2:]) == (y, x) and seen <= self._cache_bytes
        return (SLICES, y, x) if whole else CELL

    def _cell(self, t: int, index: tuple[int, ...]) -> NDArray[Any]:
        key = (t, *index)
        if key in self._cells:
            self._cells.move_to_end(key)
            return self._cells[key]
        box = tuple(
            slice(i * n, min((i + 1) * n, end))
            for i, n, end in zip(index, self._cell_shape, self.volume_shape, strict=True)
        )
        cell = self._fetch(t, box)
        self._cells[key] = cell
        self._kept += cell.nbytes
        while self._kept > self._cache_bytes and len(self._cells) > 1:
            self._kept -= self._cells.popitem(last=False)[1].nbytes
        return cell

    def _fetch(self, t: int, box: Box) -> NDArray[Any]:
        index = {"t": (t,), "c": (slice(None),)}
        leading = [i for axis in self._axes[:-3] for i in index[axis]]
        block = np.asarray(self._array[(*leading, *box)])
        return block if "c" in self._axes else block[None]


class FramesInContext(Frames):
    """Frames whose channels are those of the frame before, the frame, and the frame after.

    The first and the last frame stand in for the ones that are missing, and every frame for what
    was not imaged (NaN) of those beside it. Parameters as in `Frames`.

    Attributes
    ----------
    shape
        ``(T, 3 C, Z, Y, X)``.
    """

    def __init__(self, array: Any, axes: str | None = None, cache_bytes: int = 2**30) -> None:
        super().__init__(array, axes, cache_bytes)
        self._single = Frames(array, axes, cache_bytes)
        frames, channels, z, y, x = self.shape
        self.shape = (frames, SEEN_FRAMES * channels, z, y, x)

    def read(self, t: int, box: Box, *, keep: bool = True) -> NDArray[Any]:
        """Read one box of three frames: ``(3 C, z, y, x)`` in the array's own type."""
        last = self.shape[0] - 1
        near = max(t - 1, 0), t, min(t + 1, last)
        before, now, after = (self._single.read(s, box, keep=keep) for s in near)
        if now.dtype.kind == "f":
            before, after = (np.where(imaged(other), other, now) for other in (before, after))
        return np.concatenate([before, now, after])

    def imaged(self, t: int, box: Box) -> NDArray[np.bool_]:
        """Tell which voxels ``(z, y, x)`` of a box were imaged in the frame itself."""
        return self._single.imaged(t, box)


def array_of(images: Any) -> Any:
    """Return the array of a series, any other images as they are."""
    return images.data if isinstance(images, Series) else as_array(images)


def frames_for(network: str, array: Any, axes: str | None = None) -> Frames:
    """Read frames as a network takes them: some look at those before and after too."""
    return (FramesInContext if network == TIME_UNET else Frames)(array, axes)


def imaged(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which voxels of ``(C, ...)`` were imaged: those without NaN or infinity, ``(...)``."""
    return np.asarray(np.isfinite(values).all(axis=0))

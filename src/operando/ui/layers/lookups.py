"""Arrays that napari can slice, made from others frame by frame when they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray


class FrameArray:
    """Base of arrays ``(t, z, y, x)`` that compute what is asked for, one frame at a time.

    Whole frames, as in ``array[0]``, are not computed before something is picked from them: napari
    asks for the first frame of labels whenever one of them is chosen, only to learn its type.

    Parameters
    ----------
    shape
        ``(t, z, y, x)``.
    dtype
        Of its elements.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        """Compute a part of frame t; `box` indexes z, y and x."""
        raise NotImplementedError

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            return _Frame(self, range(self.shape[0])[key])
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            gap = self.ndim - (len(key) - 1)
            key = (*key[:at], *(slice(None),) * gap, *key[at + 1 :])
        frames = np.arange(self.shape[0])[key[0]]
        if frames.ndim == 0:
            return self._read(int(frames), key[1:])
        return np.stack([self._read(int(t), key[1:]) for t in frames])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        del copy
        return self[...].astype(self.dtype if dtype is None else dtype, copy=False)


class _Frame:
    """Frame t of a `FrameArray`, computed when something is picked from it."""

    def __init__(self, frames: FrameArray, t: int) -> None:
        self._frames, self._t = frames, t
        self.shape, self.dtype, self.ndim = frames.shape[1:], frames.dtype, frames.ndim - 1

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return np.asarray(self._frames[(self._t, *(key if isinstance(key, tuple) else (key,)))])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        del copy
        return self[...].astype(self.dtype if dtype is None else dtype, copy=False)


class ChannelFrames(FrameArray):
    """One channel of images ``(t, c, z, y, x)``.

    Intervals of it are read when something is picked from them: napari cuts out what is on the
    screen before it picks a slice. Sliced in two turns, dask would read whole blocks.

    Parameters
    ----------
    images
        Dask array.
    channel
        Number of the channel.
    part
        What of t, z, y and x there is; all by default.
    """

    def __init__(self, images: Any, channel: int, part: tuple[range, ...] | None = None) -> None:
        self._images = images
        self._channel = channel
        self._part = part or tuple(range(n) for k, n in enumerate(images.shape) if k != 1)
        super().__init__(tuple(map(len, self._part)), images.dtype)

    def __getitem__(self, key: Any) -> Any:
        key = key if isinstance(key, tuple) else (key,)
        at = key.index(Ellipsis) if Ellipsis in key else len(key)
        rest = key[at + 1 :]
        key = (*key[:at], *(slice(None),) * (self.ndim - at - len(rest)), *rest)
        picked = [part[k] for part, k in zip(self._part, key, strict=True)]
        if all(isinstance(k, slice) for k in key):
            return ChannelFrames(self._images, self._channel, tuple(picked))
        return self._pick(picked)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        del copy
        return self._pick(self._part).astype(self.dtype if dtype is None else dtype, copy=False)

    def _pick(self, places: Sequence[int | range]) -> NDArray[Any]:
        t, *box = (_index(place) for place in places)
        return np.asarray(self._images[(t, self._channel, *box)])


def _index(places: int | range) -> int | slice:
    if not isinstance(places, range):
        return places
    stop = None if places.stop < 0 else places.stop
    return slice(places.start, stop, places.step)


class StoredFrames(FrameArray):
    """An array on disk, read where looked at.

    Parameters
    ----------
    array
        ``(t, z, y, x)``.
    """

    def __init__(self, array: Any) -> None:
        super().__init__(array.shape, array.dtype)
        self._array = array

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        return np.asarray(self._array[(t, *box)])


class RecentSlices(StoredFrames):
    """An array on disk whose last flat slices are kept, as several layers ask for the same one.

    Parameters
    ----------
    array
        ``(t, z, y, x)``.
    most
        How many slices are kept.
    """

    def __init__(self, array: Any, most: int = 4) -> None:
        super().__init__(array)
        self._most = most
        self._slices: dict[str, NDArray[Any]] = {}

    def forget(self) -> None:
        """Read anew what is asked for: the array on disk has changed."""
        self._slices.clear()

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        key = repr((t, box))
        if key in self._slices:
            return self._slices[key]
        read = super()._read(t, box)
        if read.ndim == 2:
            while len(self._slices) >= self._most:
                self._slices.pop(next(iter(self._slices)))
            self._slices[key] = read
        return read


class ParticleValues(FrameArray):
    """A number for every voxel, looked up by the id of its particle.

    Parameters
    ----------
    ids
        ``(t, z, y, x)`` integers, 0 where there is no particle; only read where looked at.
    values
        For every frame the numbers ``(largest id + 1,)``; missing ids and frames are NaN.
    """

    def __init__(self, ids: Any, values: Mapping[int, NDArray[np.float32]]) -> None:
        super().__init__(ids.shape, np.float32)
        self._ids = ids
        self._values = values

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        ids = np.asarray(self._ids[(t, *box)])
        values = self._values.get(t)
        if values is None:
            return np.full(ids.shape, np.nan, np.float32)
        known = (ids > 0) & (ids < len(values))
        return np.where(known, values[np.where(known, ids, 0)], np.float32(np.nan))


class ParticleOutline(FrameArray):
    """1 on the rim of one particle in slices, 1 in all of it in volumes, 0 elsewhere.

    napari's own contour goes over the whole slice (0.2 s at 2048 x 2048); here only the particle's
    box is touched.

    Attributes
    ----------
    particle : int
        Its id, 0 for none; may be changed, the layer then needs a refresh.
    """

    def __init__(self, ids: Any) -> None:
        super().__init__(ids.shape, np.uint8)
        self._ids = ids
        self._thickness = max(1, round(max(self.shape[1:]) / 400))
        self.particle = 0

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        if self.particle == 0:
            return np.zeros_like(np.broadcast_to(np.uint8(0), self.shape[1:])[box])
        inside = np.asarray(self._ids[(t, *box)]) == self.particle
        if inside.ndim == 2:
            _hollow(inside, self._thickness)
        return inside.view(np.uint8)


def _hollow(inside: NDArray[np.bool_], thickness: int) -> None:
    """Clear the inside of a shape in place, leaving a rim."""
    from scipy.ndimage import binary_erosion

    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return
    shape = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shape &= ~binary_erosion(shape, iterations=thickness)


class NodeFrames(FrameArray):
    """Node grids that belong to some frames; NaN in the others.

    Parameters
    ----------
    n_frames
        Length of the time axis.
    grids
        For each frame that has one, ``(nz, ny, nx)``; all of one shape.
    """

    def __init__(self, n_frames: int, grids: Mapping[int, NDArray[np.float32]]) -> None:
        shape = next(iter(grids.values())).shape
        super().__init__((n_frames, *shape), np.float32)
        self._grids = grids
        self._empty = np.broadcast_to(np.float32(np.nan), shape)

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[Any]:
        return np.asarray(self._grids.get(t, self._empty)[box])

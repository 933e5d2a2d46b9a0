"""Go on with smaller windows when the memory of the device is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.nets.backends import WindowTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from operando.nets.architecture import Triple
    from operando.nets.backends import Backend

SHARED = 8
"""The two halves share a quarter of the window: an eighth on either side of the cut."""


def halve_when_full(backend: Backend, multiple: Triple = (16, 16, 16)) -> Backend:
    """Run windows that do not fit into memory as two halves, and these again if need be.

    Halves start at multiples of the pooling and share a quarter of the window, so that a voxel
    is seen with as much around it as in the middle between two blended windows. What once did
    not fit is not tried again.

    Parameters
    ----------
    backend
        Raises `WindowTooLarge` when the memory is full.
    multiple
        Voxels ``(z, y, x)`` that the network pools into one, or multiples of these.
    """
    full: set[tuple[int, ...]] = set()

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        shape = windows.shape[2:]
        if shape not in full:
            try:
                return backend(windows)
            except WindowTooLarge:
                if not _can_be_halved(shape, multiple):
                    raise
                full.add(shape)
        axis = int(np.argmax(shape)) + 2
        parts = []
        for seen, kept in _halves(windows.shape[axis], multiple[axis - 2]):
            answer = run(windows[_along(axis, seen)])
            inner = slice(kept.start - seen.start, kept.stop - seen.start)
            parts.append(answer[_along(axis, inner)])
        return np.concatenate(parts, axis=axis)

    return run


def _can_be_halved(shape: tuple[int, ...], multiple: Triple) -> bool:
    axis = int(np.argmax(shape))
    return all(s.stop - s.start < shape[axis] for s, _ in _halves(shape[axis], multiple[axis]))


def _halves(length: int, multiple: int) -> Iterator[tuple[slice, slice]]:
    """Give what either half reads and what is kept of it."""
    cut, shared = length // 2, -(-length // SHARED)
    stop = min(length, -(-(cut + shared) // multiple) * multiple)
    start = max(0, (cut - shared) // multiple * multiple)
    yield slice(0, stop), slice(0, cut)
    yield slice(start, length), slice(cut, length)


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, part)

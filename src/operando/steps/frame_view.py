"""One frame of a series as an array of its own."""

from __future__ import annotations

from typing import Any

Place = int | slice


class FrameView:
    """One frame of a Zarr array, as an array of one axis less."""

    def __init__(self, array: Any, t: int) -> None:
        self._array = array
        self._t = t
        self.shape: tuple[int, ...] = array.shape[1:]

    def __getitem__(self, box: Place | tuple[Place, ...]) -> Any:
        return self._array[self._in_series(box)]

    def __setitem__(self, box: Place | tuple[Place, ...], block: Any) -> None:
        self._array[self._in_series(box)] = block

    def _in_series(self, box: Place | tuple[Place, ...]) -> tuple[Place, ...]:
        return (self._t, *(box if isinstance(box, tuple) else (box,)))

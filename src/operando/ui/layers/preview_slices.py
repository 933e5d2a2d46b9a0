"""Labels of the few slices that were previewed, as an array that napari can slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.ui.layers.lookups import FrameArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class PreviewSlices(FrameArray):
    """Labels ``(t, z, y, x)``, 0 but in the slices put in; costs the memory of these alone.

    Parameters
    ----------
    shape
        ``(t, z, y, x)``.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__(tuple(shape), np.uint8)
        self._slices: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def put(self, t: int, z: int, labels: NDArray[np.uint8]) -> None:
        """Keep the labels ``(y, x)`` of one slice."""
        self._slices[t, z] = labels

    def clear(self) -> None:
        """Forget all slices."""
        self._slices.clear()

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[np.uint8]:
        z, rest = (box[0], box[1:]) if box else (slice(None), ())
        rows = np.arange(self.shape[1])[z]
        if rows.ndim == 0:
            return self._slice(t, int(rows))[rest]
        return np.stack([self._slice(t, int(row))[rest] for row in rows])

    def _slice(self, t: int, z: int) -> NDArray[np.uint8]:
        nothing = np.broadcast_to(np.uint8(0), self.shape[2:])
        return self._slices.get((t, z), nothing)

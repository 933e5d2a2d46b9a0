"""Points of a volume that a registration compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS = 150_000


@dataclass(frozen=True)
class Points:
    """Points of the reference: places (µm), grey values, and grey gradients (per µm)."""

    places: NDArray[np.float64]
    grey: NDArray[np.float64]
    gradient: NDArray[np.float64]

    @classmethod
    def on(
        cls,
        grey: NDArray[np.float32],
        spacing: NDArray[np.float64],
        origin: NDArray[np.float64],
        sound: NDArray[np.bool_],
    ) -> Points:
        """Take an even share of the sound voxels of a volume; parameters as of a `Level`."""
        slopes = [
            _slope(grey, axis) / spacing[axis] if n > 1 else np.zeros_like(grey)
            for axis, n in enumerate(grey.shape)
        ]
        keep = np.zeros(grey.shape, bool)
        candidates = np.flatnonzero(sound)
        few = min(_POINTS, len(candidates))
        keep.flat[np.random.default_rng(0).choice(candidates, few, replace=False)] = True
        at = np.argwhere(keep)
        return cls(
            origin + at * spacing,
            grey[keep].astype(np.float64),
            np.stack([s[keep] for s in slopes], axis=1).astype(np.float64),
        )


def _slope(grey: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Seven-point derivative, exact for cubics; edges are repeated."""
    from scipy.ndimage import correlate1d

    weights = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
    return np.asarray(correlate1d(grey, weights, axis=axis, mode="nearest"))

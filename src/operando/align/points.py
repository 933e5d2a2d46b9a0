"""Points of a volume that a registration compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.align.pyramid import Level

_POINTS = 150_000


@dataclass(frozen=True)
class Points:
    """Points of the reference: places (µm), grey values, and grey gradients (per µm)."""

    places: NDArray[np.float64]
    grey: NDArray[np.float64]
    gradient: NDArray[np.float64]

    @classmethod
    def on(cls, level: Level) -> Points:
        """Take an even share of the voxels, those with no gradient left out."""
        edges = [n > 1 for n in level.grey.shape]
        slopes = [
            _slope(level.grey, axis) / level.spacing[axis]
            if edges[axis]
            else np.zeros_like(level.grey)
            for axis in range(3)
        ]
        keep = np.zeros(level.grey.shape, bool)
        few = min(_POINTS, level.grey.size)
        keep.flat[np.random.default_rng(0).choice(level.grey.size, few, replace=False)] = True
        at = np.argwhere(keep)
        return cls(
            level.origin + at * level.spacing,
            level.grey[keep].astype(np.float64),
            np.stack([s[keep] for s in slopes], axis=1).astype(np.float64),
        )


def _slope(grey: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Seven-point derivative, exact for cubics; edges are repeated."""
    from scipy.ndimage import correlate1d

    weights = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
    return np.asarray(correlate1d(grey, weights, axis=axis, mode="nearest"))

"""Strokes that contradict the model: likely slips of the brush, or of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

CONFIDENCE = 0.8
FEWEST_VOXELS = 4


@dataclass(frozen=True)
class Slip:
    """Part of a stroke whose class the model is sure is another one.

    Parameters
    ----------
    frame, z
        Slice.
    y, x
        First and last voxel plus one.
    painted, predicted
        Classes, 1 to K.
    voxels
        How many.
    confidence
        Mean probability of the predicted class, 0 to 1.
    """

    frame: int
    z: int
    y: tuple[int, int]
    x: tuple[int, int]
    painted: int
    predicted: int
    voxels: int
    confidence: float

    @property
    def centre(self) -> tuple[float, float, float]:
        """Voxel ``(z, y, x)`` in the middle."""
        return float(self.z), sum(self.y) / 2, sum(self.x) / 2


def find_slips(
    probabilities: Any,
    strokes: Any,
    slices: Iterable[tuple[int, int]],
    *,
    confidence: float = CONFIDENCE,
    fewest: int = FEWEST_VOXELS,
) -> list[Slip]:
    """List parts of strokes that the model contradicts with confidence, largest first.

    Parameters
    ----------
    probabilities
        ``(T, K, Z, Y, X)`` uint8, 0 to 255; read one slice at a time.
    strokes
        ``(T, Z, Y, X)`` integers, 0 = unlabelled, 1..K = classes.
    slices
        Frame and z of the slices that hold strokes.
    confidence
        Probability from which the model is taken to be sure.
    fewest
        Voxels that have to hang together (corners count); fewer lie on a boundary, mostly.
    """
    from scipy.ndimage import find_objects, label

    slips = []
    for t, z in slices:
        painted = np.asarray(strokes[t, z])
        share = np.asarray(probabilities[t, :, z])
        predicted = share.argmax(axis=0) + 1
        wrong = (painted > 0) & (painted != predicted) & (share.max(axis=0) >= 255 * confidence)
        pair = np.where(wrong, painted.astype(int) * 256 + predicted, 0)
        for key in np.unique(pair[wrong]):
            parts, _ = label(pair == key, np.ones((3, 3)))
            for k, (rows, columns) in enumerate(find_objects(parts), 1):
                inside = parts[rows, columns] == k
                if inside.sum() < fewest:
                    continue
                sure = share[key % 256 - 1, rows, columns][inside].mean() / 255
                slips.append(
                    Slip(
                        t,
                        z,
                        (rows.start, rows.stop),
                        (columns.start, columns.stop),
                        int(key) // 256,
                        int(key) % 256,
                        int(inside.sum()),
                        float(sure),
                    )
                )
    return sorted(slips, key=lambda slip: -slip.voxels * slip.confidence)

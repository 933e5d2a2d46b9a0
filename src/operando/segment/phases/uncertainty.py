"""Error bars of phase fractions, from the probabilities of a segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 16
DEVIATIONS = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution."""
SHARED = 0.15
"""Share of the doubt that goes the same way in the whole frame, however large it is."""


@dataclass(frozen=True)
class FractionInterval:
    """Volume fractions of one frame with their uncertainty, class by class.

    Parameters
    ----------
    fraction
        ``(K,)`` share of voxels whose most probable class it is.
    expected
        ``(K,)`` mean probability: the fraction to expect if the probabilities are right.
    low, high
        ``(K,)`` 95 % interval; holds both of them.
    """

    fraction: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def fraction_intervals(
    probabilities: Any, *, block: int = BLOCK, shared: float = SHARED
) -> FractionInterval:
    """Bound the fraction of every class in one frame.

    A voxel of probability p has the variance p (1 - p). Errors of a network hang together in
    space, so they do not average out from voxel to voxel: within a cube of `block` voxels all
    are taken to go the same way, those of different cubes to be independent. Where a model draws
    a border a little too far out, it does so everywhere: a share of the doubt is taken to go the
    same way in the whole frame, so that the interval of a large frame does not become narrower
    than models are good. That share is from synthetic electrodes that were segmented from strokes.
    The interval also holds the difference between counting labels and adding up probabilities.

    It says nothing about strokes that are wrong, or about whether the piece that was scanned
    stands for the electrode.

    Parameters
    ----------
    probabilities
        ``(K, Z, Y, X)`` uint8, 0 to 255; read `block` slices at a time. Voxels where all are 0
        were not imaged and do not count.
    block
        Edge of the cubes, in voxels.
    shared
        Share of the doubt that goes the same way everywhere, 0 to 1.
    """
    n_classes, *volume = probabilities.shape
    counted, expected, variance, doubt = (np.zeros(n_classes) for _ in range(4))
    n = 0
    for z in range(0, volume[0], block):
        share = np.asarray(probabilities[:, z : z + block], np.float32)
        total = share.sum(axis=0)
        share /= np.maximum(total, 1)
        counted += np.bincount(share.argmax(axis=0)[total > 0], minlength=n_classes)
        n += int(np.count_nonzero(total))
        expected += share.sum(axis=(1, 2, 3), dtype=np.float64)
        deviation = _sum_squares(np.sqrt(share * (1 - share)), block)
        variance += (deviation**2).sum(axis=(1, 2))
        doubt += deviation.sum(axis=(1, 2))
    n = max(n, 1)
    fraction, mean = counted / n, expected / n
    reach = DEVIATIONS * np.hypot(np.sqrt(variance), shared * doubt) / n
    low, high = np.minimum(fraction, mean - reach), np.maximum(fraction, mean + reach)
    return FractionInterval(fraction, mean, np.clip(low, 0, 1), np.clip(high, 0, 1))


def _sum_squares(slab: NDArray[np.float32], block: int) -> NDArray[np.float64]:
    """Add up a slab ``(K, z, Y, X)`` over cubes as deep as it, ``(K, rows, columns)``."""
    flat = slab.sum(axis=1, dtype=np.float64)
    rows, columns = (np.arange(0, n, block) for n in flat.shape[1:])
    summed = np.add.reduceat(np.add.reduceat(flat, rows, axis=1), columns, axis=2)
    return np.asarray(summed, np.float64)

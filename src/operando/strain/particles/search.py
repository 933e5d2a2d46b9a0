"""Exhaustive search of whole-voxel shifts by zero-normalised cross-correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def masked_ncc(
    template: NDArray[np.float32], weights: NDArray[np.float32], region: NDArray[np.float32]
) -> NDArray[np.float64]:
    """ZNCC of a weighted template at every place where it fits into a region (FFT).

    Padfield, IEEE Trans. Image Processing 21 (2012) 2706, for a mask of the template only.

    Returns
    -------
    ``region.shape - template.shape + 1``; 0 where the region is flat.
    """
    from scipy.signal import fftconvolve

    count = float(weights.sum())
    f = (template - (template * weights).sum() / count) * weights
    turned, mask = f[::-1, ::-1, ::-1], weights[::-1, ::-1, ::-1]
    g = region.astype(np.float64) - region.mean()
    product = fftconvolve(g, turned, mode="valid")
    total = fftconvolve(g, mask, mode="valid")
    square = fftconvolve(g * g, mask, mode="valid")
    energy = (square - total**2 / count) * float((f * f).sum())
    flat = energy <= 1e-6 * max(float(energy.max()), 1e-30)
    return np.where(flat, 0.0, product / np.sqrt(np.where(flat, 1.0, energy)))


def shift_of_best_match(
    reference: NDArray[np.float32],
    deformed: NDArray[np.float32],
    centre: NDArray[np.int64],
    half: NDArray[np.int64],
    guess: NDArray[np.integer[Any]],
    *,
    reach: int,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float64]:
    """Whole-voxel shift of a window, up to `reach` around a guess, with the highest ZNCC.

    Parameters
    ----------
    centre, half
        Middle voxel and half edges of the window in the reference.
    weights
        Of the shape of the window; None counts all voxels.
    """
    box = tuple(slice(c - h, c + h + 1) for c, h in zip(centre, half, strict=True))
    template = reference[box]
    w = np.ones_like(template) if weights is None else weights
    low = np.maximum(centre - half + guess - reach, 0)
    high = np.minimum(centre + half + guess + reach + 1, deformed.shape)
    if (high - low < template.shape).any():
        return guess.astype(np.float64)
    region = deformed[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    score = masked_ncc(template, w, region)
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    return np.asarray(low + best - (centre - half), np.float64)

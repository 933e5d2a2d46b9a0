"""What the classes and the whole image look like in grey values, as a few numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALES = (0.0, 1.0, 2.0)
"""Standard deviations of the Gaussian blur in the plane, voxels."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST = 4
"""Labelled voxels from which a class is described."""
MOST_SAMPLED = 1_000_000

PER_CLASS = 1 + 2 * len(SCALES)
OF_IMAGE = 2 * len(SCALES) + len(QUANTILES)
SPREAD_OF_CLASS, SPREAD_OF_IMAGE = 5.0, 2.0
"""Bring spreads to about the size of the means."""


def describe_appearance(
    slices: NDArray[np.floating], labels: NDArray[np.uint8], classes: int
) -> NDArray[np.float32]:
    """Describe labelled slices of one material.

    Parameters
    ----------
    slices
        ``(n, y, x)`` grey values, scaled to about -1 to 1; NaN where nothing was imaged.
    labels
        ``(n, y, x)``, 0 not labelled, 1 to `classes`.
    classes
        How many classes to describe.

    Returns
    -------
    ``(length(classes),)``: for every class 1 and the mean and spread of its labelled voxels at
    each of `SCALES`, or zeros if fewer than `FEWEST` are labelled; then of all voxels the mean
    and spread at each scale and the `QUANTILES` of the second scale.
    """
    filled = np.nan_to_num(slices)
    blurred = np.stack([_blur(filled, scale) for scale in SCALES], axis=-1)
    of_classes = np.zeros((classes, PER_CLASS), np.float32)
    for k in range(classes):
        values = blurred[labels == k + 1]
        if len(values) >= FEWEST:
            of_classes[k] = [1, *values.mean(0), *(SPREAD_OF_CLASS * values.std(0))]
    pixels = blurred[np.isfinite(slices)]
    pixels = pixels[:: -(-len(pixels) // MOST_SAMPLED)]
    quantiles = np.quantile(pixels[:, 1], QUANTILES)
    of_image = np.concatenate([pixels.mean(0), SPREAD_OF_IMAGE * pixels.std(0), quantiles])
    return np.concatenate([of_classes.ravel(), of_image]).astype(np.float32)


def length(classes: int) -> int:
    """How many numbers describe so many classes and the image."""
    return classes * PER_CLASS + OF_IMAGE


def forget_class(appearance: NDArray[np.float32], k: int) -> None:
    """Make class `k` one that nothing is known of, in place."""
    appearance[k * PER_CLASS : (k + 1) * PER_CLASS] = 0


def _blur(slices: NDArray[np.floating], scale: float) -> NDArray[np.floating]:
    return gaussian_filter(slices, (0, scale, scale), mode="nearest") if scale else slices

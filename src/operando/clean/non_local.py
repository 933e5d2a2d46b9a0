"""Non-local means: every voxel becomes the mean of those whose surroundings look the same."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPATIAL, PLANAR = (3, 3), (5, 6)
"""Edge of the patches that are compared, and how far apart; of volumes and of slices."""


def reach(depth: int) -> int:
    """Return how far the filter looks in volumes of so many slices, voxels."""
    patch, distance = PLANAR if depth == 1 else SPATIAL
    return distance + patch // 2


def non_local_means(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Filter a volume ``(z, y, x)`` or slice ``(y, x)`` [Buades 2005; in shifts, Darbon 2008].

    Patches are centred on their voxels: the fast mode of scikit-image 0.26 compares patches half a
    voxel aside, which moved volumes by up to 0.2 voxels.

    Parameters
    ----------
    image
        Grey values.
    sigma
        Standard deviation of the noise.
    """
    from scipy.ndimage import uniform_filter

    patch, distance = PLANAR if image.ndim == 2 else SPATIAL
    far = [min(distance, n - 1) for n in image.shape]
    grey = np.pad(image, [(n, n) for n in far], mode="reflect")
    total, weights = grey.copy(), np.ones_like(grey)
    steps = product(*(range(-n, n + 1) for n in far))
    for step in (s for s in steps if s > (0,) * image.ndim):
        here, there = _overlap(step, grey.shape), _overlap([-s for s in step], grey.shape)
        unlike = uniform_filter((grey[here] - grey[there]) ** 2, patch, mode="nearest")
        weight = np.exp(-np.maximum(unlike / np.float32(sigma**2) - np.float32(2), 0))
        total[here] += weight * grey[there]
        total[there] += weight * grey[here]
        weights[here] += weight
        weights[there] += weight
    inner = tuple(slice(p, p + n) for p, n in zip(far, image.shape, strict=True))
    return np.asarray((total / weights)[inner])


def _overlap(step: Sequence[int], shape: Sequence[int]) -> tuple[slice, ...]:
    """Part of an image that another one, moved against it by a step, covers."""
    return tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in zip(step, shape, strict=True))

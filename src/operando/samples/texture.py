"""Correlated noise, as a volume and as a smooth function of material coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def correlated_noise(
    shape: Sequence[int], grain: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw Gaussian noise of mean 0 and standard deviation 1, periodic.

    Parameters
    ----------
    shape
        Voxels.
    grain
        Standard deviation of the Gaussian that correlates it, voxels.
    """
    from scipy.ndimage import gaussian_filter

    noise = rng.standard_normal(tuple(shape), dtype=np.float32)
    if grain > 0:
        noise = gaussian_filter(noise, grain, mode="wrap", truncate=3)
    noise -= noise.mean()
    noise /= noise.std() + 1e-12
    return np.asarray(noise, np.float32)


class Texture:
    """A random texture that can be evaluated anywhere, as a cubic spline of periodic noise.

    Because it is a function and not an image, moved material shows exactly the same texture
    wherever it goes: no interpolation error enters the truth.

    Parameters
    ----------
    grain
        Correlation length, voxels; half of the variance has three times that length.
    rng
        Source of randomness.
    period
        It repeats after that many voxels.
    """

    def __init__(self, grain: float, rng: np.random.Generator, period: int = 72) -> None:
        from scipy.ndimage import spline_filter

        shape = (period, period, period)
        fine = correlated_noise(shape, grain, rng)
        coarse = correlated_noise(shape, 3 * grain, rng)
        values = (fine + coarse) / np.float32(np.sqrt(2))
        self._coefficients = spline_filter(values, order=3, output=np.float32, mode="grid-wrap")

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Evaluate at ``(3, N)`` points in voxels; mean 0, standard deviation about 1."""
        from scipy.ndimage import map_coordinates

        values = map_coordinates(
            self._coefficients,
            points,
            order=3,
            mode="grid-wrap",
            prefilter=False,
            output=np.float32,
        )
        return np.asarray(values)

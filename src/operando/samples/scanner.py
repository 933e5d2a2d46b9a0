"""What the scanner makes of the grey levels: blur, fringes, rings, shading, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.samples.texture import correlated_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.samples.settings import ScannerSettings


def scan(
    levels: NDArray[np.float32],
    t: int,
    settings: ScannerSettings,
    rng_of: FrameRandom,
) -> NDArray[np.uint16]:
    """Image one frame.

    Parameters
    ----------
    levels
        ``(Z, Y, X)`` grey levels, 0 to 1.
    t
        Frame; rings and illumination are nearly the same in all frames, noise is not.
    settings
        Strength of every disturbance.
    rng_of
        Sources of randomness.

    Returns
    -------
    ``(Z, Y, X)`` grey values; the full scale is nearly 65536.
    """
    image = optics(levels, settings)
    if settings.illumination > 0:
        image = image * illumination(image.shape, settings.illumination, rng_of.fixed(0))
    if settings.rings > 0:
        image = image + rings(image.shape, settings.rings, rng_of.fixed(1), rng_of.frame(t, 1))
    if t > 0:
        change = rng_of.frame(t, 2).uniform(-1, 1, 2)
        image = image * np.float32(1 + settings.gain * change[0])
        image = image + np.float32(settings.offset * change[1])
    if settings.noise > 0:
        grain = correlated_noise(image.shape, settings.noise_grain, rng_of.frame(t, 3))
        image = image + settings.noise * np.sqrt(np.clip(image + 0.5, 0.05, None)) * grain
    steps = np.rint(np.clip(image, 0, 1) * np.float32(2**settings.bits - 1))
    return np.asarray(steps.astype(np.uint16) << (16 - settings.bits), np.uint16)


class FrameRandom:
    """Independent sources of randomness for what stays and what changes between frames."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._key = list(seed.generate_state(4))

    def fixed(self, stream: int) -> np.random.Generator:
        """Return the same numbers for every frame."""
        return np.random.default_rng([*self._key, 0, stream])

    def frame(self, t: int, stream: int) -> np.random.Generator:
        """Return numbers of frame `t`."""
        return np.random.default_rng([*self._key, 1 + t, stream])


def optics(levels: NDArray[np.float32], settings: ScannerSettings) -> NDArray[np.float32]:
    """Blur, and enhance edges as propagation phase contrast does."""
    from scipy.ndimage import gaussian_filter, laplace

    image = gaussian_filter(levels, settings.blur, truncate=3) if settings.blur > 0 else levels
    if settings.fringes > 0:
        width = max(0.8, settings.blur)
        image = image - settings.fringes * laplace(gaussian_filter(levels, width, truncate=3))
    return np.asarray(image, np.float32)


def rings(
    shape: tuple[int, ...],
    strength: float,
    fixed: np.random.Generator,
    changing: np.random.Generator,
) -> NDArray[np.float32]:
    """Rings about the axis through the image centre, ``(Z, Y, X)``.

    A column of the detector that answers differently shows as a ring; most columns are a
    little off, a few are far off over many rows.
    """
    from scipy.ndimage import gaussian_filter1d, map_coordinates

    z, y, x = shape
    radius = np.hypot(*np.ogrid[-(y - 1) / 2 : y / 2 - 0.4, -(x - 1) / 2 : x / 2 - 0.4])
    count = int(radius.max()) + 2
    noise = 0.8 * fixed.standard_normal((z, count)) + 0.6 * changing.standard_normal((z, count))
    columns = gaussian_filter1d(noise, 4, axis=0, mode="wrap")
    columns /= columns.std() + 1e-12
    columns *= np.where(fixed.random(count) < 0.12, 2.2, 0.5)
    columns *= strength / (columns.std() + 1e-12)
    # Rings near the axis are averaged over few voxels; reconstruction keeps their energy, not
    # their height, so that height falls with the radius.
    columns *= 1 / np.sqrt(1 + np.arange(count) / 20)
    index = np.broadcast_to(radius, (1, y, x)).ravel()
    out = [map_coordinates(row, index[None], order=1, mode="nearest") for row in columns]
    return np.asarray(np.reshape(out, shape), np.float32)


def illumination(
    shape: tuple[int, ...], strength: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Slow brightness factor, a polynomial of order 2 with largest deviation `strength`."""
    z, y, x = np.meshgrid(
        *(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True
    )
    a = rng.normal(0, 1, 9).astype(np.float32)
    field = a[0] * z + a[1] * y + a[2] * x + a[3] * z * y + a[4] * z * x + a[5] * y * x
    field = field + a[6] * z**2 + a[7] * y**2 + a[8] * x**2
    field = field - field.mean()
    return np.asarray(1 + strength * field / np.abs(field).max(), np.float32)

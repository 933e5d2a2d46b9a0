"""How strong the noise of an image is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.blocks import sample_slices
from operando.compute.margin import margin_of
from operando.compute.spread import robust_sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data.series import Series


def noise_sigma(image: NDArray[Any]) -> float:
    """Estimate the standard deviation of white noise of ``(..., y, x)``.

    The median absolute response of the finest diagonal Haar wavelet [Donoho 1994], which smooth
    structures do not reach and edges reach in few places only. Noise that is correlated between
    voxels is underestimated.
    """
    grey = np.asarray(image, np.float32)
    y, x = (n // 2 * 2 for n in grey.shape[-2:])
    if min(y, x) < 2:
        return 0.0
    a = grey[..., :y, :x]
    diagonal = 0.5 * (a[..., ::2, ::2] - a[..., 1::2, ::2] - a[..., ::2, 1::2] + a[..., 1::2, 1::2])
    return robust_sigma(diagonal)


def frame_noise(
    series: Series, frames: Sequence[int] | None = None
) -> dict[tuple[int, int], float]:
    """Noise of every frame and channel, from a sample of its slices."""
    chosen = range(series.n_frames) if frames is None else frames
    return {
        (t, c): float(np.median([noise_sigma(s) for s in read_sample(series, t, c)]))
        for t in chosen
        for c in range(series.n_channels)
    }


def read_sample(series: Series, t: int, c: int, most: int = 12) -> list[NDArray[np.float32]]:
    """Read slices evenly spread over one frame; their margin is NaN, as it was not imaged."""
    chosen = sample_slices(series.volume_shape[0], most)
    return [imaged(np.asarray(series.data[t, c, z])) for z in chosen]


def imaged(image: NDArray[Any]) -> NDArray[np.float32]:
    """Slice ``(y, x)`` with NaN where nothing was imaged; see `operando.compute.margin`."""
    known = np.isfinite(image) & ~margin_of(image)
    return np.where(known, image, np.nan).astype(np.float32)

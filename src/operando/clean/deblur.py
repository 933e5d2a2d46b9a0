"""Sharpen images whose blur is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from operando.clean.noise import read_sample
from operando.clean.operation import Operation
from operando.compute.blocks import cubes
from operando.data.given import grey_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Extent, Place, Triple
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series


class Deblur(Operation):
    """Sharpen a Gaussian blur by Richardson-Lucy deconvolution; noise grows with the rounds."""

    blur: float = Field(
        1.2,
        gt=0,
        le=8,
        title="Blur",
        description="Standard deviation of the point spread",
        json_schema_extra={"unit": "voxels"},
    )
    rounds: int = Field(8, ge=1, le=100, title="Rounds", description="More is sharper and noisier")

    def extent(self, shape: Triple) -> Extent:
        """Cubes with twice the reach of the point spread around them, as rounds reach further."""
        return cubes(shape, int(np.ceil(10 * self.blur)))

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Mapping[tuple[int, int], float]:
        """Find how far grey values go below 0."""
        del progress
        chosen = range(series.n_frames) if frames is None else frames
        if series.data.dtype.kind in "bu":
            return {}
        return {
            (t, c): -1.5 * min(float(np.nanmin(s, initial=0)) for s in read_sample(series, t, c))
            for t in chosen
            for c in range(series.n_channels)
        }

    def apply(
        self, block: NDArray[np.float32], place: Place, prepared: Mapping[tuple[int, int], float]
    ) -> NDArray[np.float32]:
        """Sharpen one block."""
        lift = prepared.get((place.frame, place.channel), 0.0)
        return deblur(block, self.blur, rounds=self.rounds, lift=lift)


def deblur(
    image: NDArray[np.float32], blur: float, *, rounds: int = 8, lift: float = 0.0
) -> NDArray[np.float32]:
    """Deconvolve ``(z, y, x)`` by a Gaussian [Richardson 1972, Lucy 1974].

    An axis of one voxel is not blurred.

    Parameters
    ----------
    image
        Grey values.
    blur
        Standard deviation, voxels.
    rounds
        Iterations.
    lift
        Added to make grey values positive, and taken off again; what is still below 0 becomes 0.
    """
    from scipy.ndimage import gaussian_filter

    image = grey_values(image, "zyx")
    sigma = tuple(blur if n > 1 else 0.0 for n in image.shape)
    least = np.finfo(np.float32).tiny
    seen = np.maximum(image + np.float32(lift), 0)
    guess = np.maximum(seen, least)
    for _ in range(rounds):
        blurred = np.maximum(gaussian_filter(guess, sigma, mode="nearest", truncate=5.0), least)
        guess = guess * gaussian_filter(seen / blurred, sigma, mode="nearest", truncate=5.0)
    return np.asarray(guess - np.float32(lift), np.float32)

"""Bring frames, or slices, to the same grey values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from operando.clean.noise import imaged, read_sample
from operando.clean.operation import Operation
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Place
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

Levels = tuple[float, float]
By = Literal["phases", "quantiles"]
_TREND = 15
_USUAL = (0.05, 99.95)
"""Percentiles between which the histogram lies: one hot voxel would squeeze it into a bin."""


class MatchIntensity(Operation):
    """Bring every frame to the grey values of one frame, by two levels: a linear change only."""

    by: By = Field(
        "phases",
        title="By",
        description="phases: the medians of the dark and the bright half of the histogram (Otsu); "
        "quantiles: two of them, for images without distinct phases",
    )
    quantiles: tuple[float, float] = Field(
        (0.05, 0.95), title="Quantiles", description="Lower and upper, 0 to 1"
    )
    reference: int = Field(
        0, ge=0, title="Like frame", description="Frame whose grey values the others get, from 0"
    )
    slices: bool = Field(
        False,
        title="Also slice by slice",
        description="Take away jumps between neighbouring slices (FIB-SEM); slow changes stay",
    )

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Mapping[tuple[int, int], Matching]:
        """Find the two levels of every frame, and of every slice if asked for."""
        from operando.compute.progress import Stopwatch

        if self.reference >= series.n_frames:
            raise InputError(
                f"There is no frame {self.reference}", f"the last one is {series.n_frames - 1}"
            )
        chosen = list(range(series.n_frames) if frames is None else frames)
        watch = Stopwatch(progress, len(chosen) * series.n_channels, "frames", "Looking at greys")
        found = {}
        for c in range(series.n_channels):
            wanted = self.levels(np.stack(read_sample(series, self.reference, c)))
            for t in chosen:
                own = self.levels(np.stack(read_sample(series, t, c)))
                steady = self._steadiness(series, t, c) if self.slices else None
                found[t, c] = Matching(linear(own, wanted), steady)
                watch.advance()
        return found

    def apply(
        self, block: NDArray[np.float32], place: Place, prepared: Mapping[tuple[int, int], Matching]
    ) -> NDArray[np.float32]:
        """Change the grey values of one block."""
        matching = prepared[place.frame, place.channel]
        out = block
        if matching.slices is not None:
            gain, offset = matching.slices[place.slices.start : place.slices.stop].T[
                ..., None, None
            ]
            out = out * gain + offset
        gain, offset = matching.frame
        return np.asarray(out * gain + offset, np.float32)

    def levels(self, image: NDArray[Any]) -> Levels:
        """Two grey levels that stand for an image."""
        if self.by == "phases":
            return phase_levels(image)
        grey = image[np.isfinite(image)]
        low, high = np.quantile(grey, sorted(self.quantiles)) if grey.size else (0.0, 0.0)
        return float(low), float(high)

    def _steadiness(self, series: Series, t: int, c: int) -> NDArray[np.float32]:
        """Gain and offset ``(slices, 2)`` that bring every slice to the trend along z."""
        from scipy.ndimage import median_filter

        slices = (np.asarray(series.data[t, c, z]) for z in range(series.volume_shape[0]))
        own = np.array([self.levels(imaged(image)) for image in slices])
        trend = median_filter(own, size=(_TREND, 1), mode="nearest")
        return np.array([linear(a, b) for a, b in zip(own, trend, strict=True)], np.float32)


@dataclass(frozen=True)
class Matching:
    """Gain and offset of a frame, and of its slices ``(slices, 2)``, which come first."""

    frame: Levels
    slices: NDArray[np.float32] | None = None


def phase_levels(image: NDArray[Any]) -> Levels:
    """Median grey below and above Otsu's threshold [Otsu 1979], few outliers set aside."""
    from skimage.filters import threshold_otsu

    grey = np.asarray(image, np.float32)
    grey = grey[np.isfinite(grey)]
    if not grey.size or grey.min() == grey.max():
        level = float(grey[0]) if grey.size else 0.0
        return level, level
    low, high = np.percentile(grey, _USUAL)
    if low == high:
        low, high = grey.min(), grey.max()
    # A histogram of small differences of large numbers has no bins in single precision.
    border = low + threshold_otsu(np.clip(grey, low, high) - low)
    return float(np.median(grey[grey <= border])), float(np.median(grey[grey > border]))


def linear(own: Sequence[float] | Any, wanted: Sequence[float] | Any) -> Levels:
    """Gain and offset that turn two levels into two others; only an offset if they are one."""
    span = own[1] - own[0]
    gain = (wanted[1] - wanted[0]) / span if span > 0 and wanted[1] > wanted[0] else 1.0
    return float(gain), float(wanted[0] - gain * own[0])

"""The grey noise of windows that follow their motion, and what exceeds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST_NOISE = 1e-5


@dataclass(frozen=True)
class UsualNoise:
    """Grey noise variance of windows that follow their motion: geometric mean, log scatter."""

    middle: float
    scatter: float

    def limit(self, factor: float) -> float:
        """Ratio to the middle above which a residual is not noise."""
        return max(factor, float(np.exp(8 * self.scatter)))


def usual_noise(noise: NDArray[np.float64], disagreement: NDArray[np.float64]) -> UsualNoise:
    """Noise of sound windows: where their logarithms crowd most, and how the quieter ones scatter.

    Only the quieter half is looked at: the others may be disturbed by cracks or motion that they
    cannot follow. Where both orders agree and fewer than a tenth turn out to be, all count. Would
    that condemn more than half although both orders agree there, then noise is uneven and the
    median counts.
    """
    if len(noise) == 0:
        return UsualNoise(1.0, 1.0)
    logs = np.sort(np.log(np.maximum(noise, 1e-12)))
    middle = half_sample_mode(logs[: max(len(logs) // 2, 1)])
    quieter = middle - logs[logs < middle]
    scatter = max(float(np.median(quieter)) / 0.6745 if len(quieter) else 0.0, 0.005)
    loud = logs > middle + max(8 * scatter, 0.25)
    if loud.mean() < 0.1 and not np.nanmedian(np.append(disagreement, 0.0)) > 2.0:
        middle = float(np.median(logs))
        scatter = max(float(np.median(np.abs(logs - middle))) / 0.6745, scatter)
    order = np.argsort(noise, kind="stable")
    if loud.mean() > 0.5 and not np.nanmedian(np.append(disagreement[order][loud], 0.0)) > 4.0:
        quarter, middle = np.percentile(logs, (25, 50))
        scatter = (middle - quarter) / 0.6745
    return UsualNoise(max(float(np.exp(middle)), _SMALLEST_NOISE), float(scatter))


def half_sample_mode(ordered: NDArray[np.float64]) -> float:
    """Mode of sorted values: the densest half of the densest half, and so on.

    Bickel and Fruehwirth, Computational Statistics & Data Analysis 50 (2006) 3500.
    """
    while len(ordered) > 3:
        n = (len(ordered) + 1) // 2
        start = int(np.argmin(ordered[n - 1 :] - ordered[: len(ordered) - n + 1]))
        ordered = ordered[start : start + n]
    return float(ordered.mean())


def unresolved_variance(
    noise: NDArray[np.float64], usual: UsualNoise, contrast: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of the displacement from motion that the window cannot follow, ``(N,)``.

    Residuals beyond the usual ones, divided by the mean square derivative of the texture, are the
    mean square motion left over in the window. A third of its root reaches the centre: for a sine
    of 1.4 to 1.7 windows and order 2 the projection on the polynomials gives 0.33 to 0.27. What
    lies within three scatters of the usual noise is noise; from six on all of it counts.
    """
    excess = np.log(np.maximum(noise / usual.middle, 1e-12))
    trust = np.clip(excess / (3 * usual.scatter) - 1, 0.0, 1.0)
    slope = np.maximum(contrast[:, 1:].mean(axis=1), 1e-12)
    left_over = 2 * trust * np.maximum(noise - usual.middle, 0.0) / slope
    return np.asarray(np.where(np.isfinite(left_over), left_over, 0.0) / 9)

"""Which order to believe at each node, and whether to believe the node at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.neighbours import neighbour_indices, predict_from_neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.nodes import Solution
    from operando.strain.settings import CorrelationSettings

_LEFT, _SINGULAR, _ENDED = 3, 2, 0
_SMALLEST_NOISE = 1e-5


@dataclass(frozen=True)
class Verdict:
    """One value a node from the two orders, and what to think of it.

    ``order (N,)`` 1 or 2; ``displacement``, ``variance`` ``(N, 3)``; ``zncc``, ``noise`` (grey
    variance of one frame), ``excess`` (residual variance over the usual one), ``misfit`` (distance
    from the neighbours in standard deviations), ``status`` ``(N,)``; ``prediction (N, 3)`` from the
    neighbours.
    """

    order: NDArray[np.integer]
    displacement: NDArray[np.float64]
    variance: NDArray[np.float64]
    zncc: NDArray[np.float64]
    noise: NDArray[np.float64]
    excess: NDArray[np.float64]
    misfit: NDArray[np.float64]
    prediction: NDArray[np.float64]
    status: NDArray[np.int64]

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Nodes that deserve a second start."""
        return np.isin(
            self.status,
            (NodeStatus.NOT_CONVERGED, NodeStatus.LOW_CORRELATION, NodeStatus.OUTLIER),
        )

    def gradient(self, solution: Solution, window: tuple[int, ...]) -> NDArray[np.float64]:
        """Gradient that the windows found themselves, ``(N, 3, 3)``."""
        own = solution.motion[np.arange(len(self.order)), self.order - 1, :, 1:4]
        return np.asarray(own / np.maximum(np.array(window) // 2, 1))


def order_disagreement(solution: Solution) -> NDArray[np.float64]:
    """Mean square difference of the two orders over its expectation, ``(N,)``; NaN if unknown.

    Both orders see the same noise, so the variance of their difference is the difference of their
    variances; noise alone gives 1.
    """
    one, two = solution.motion[:, 0, :, 0], solution.motion[:, 1, :, 0]
    both = (solution.code == _ENDED).all(axis=1) & np.isfinite(solution.variance).all(axis=(1, 2))
    spread = solution.variance[both, 1] - solution.variance[both, 0]
    square = (two - one)[both] ** 2 / np.where(spread > 0, spread, np.nan)
    out = np.full(len(one), np.nan)
    out[both] = square.mean(axis=1)
    return out


def choose_order(
    disagreement: NDArray[np.float64], grid: tuple[int, int, int]
) -> NDArray[np.int64]:
    """Order with the lower expected squared error in each neighbourhood, ``(N,)`` 1 or 2.

    Where the mean disagreement over 3 x 3 x 3 nodes exceeds 2 (8 for the node alone), the bias of
    order 1 costs more than the noise of order 2.
    """
    both = np.isfinite(disagreement)
    capped = np.minimum(np.where(both, disagreement, 0.0), 16.0)
    around = neighbour_indices(grid)
    there = (around >= 0) & both[around]
    mean = np.where(there, capped[around], 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return np.where(both & ((mean > 2.0) | (capped > 8.0)), 2, 1)


def judge(solution: Solution, grid: tuple[int, int, int], plan: CorrelationSettings) -> Verdict:
    """Choose the order, compare residuals with the usual ones, and nodes with their neighbours."""
    n = len(solution.code)
    disagreement = order_disagreement(solution)
    order = np.ones(n, np.int64)
    if plan.order == "quadratic":
        order = np.where(solution.code[:, 1] == _ENDED, 2, 1)
    elif plan.order == "auto":
        order = choose_order(disagreement, grid)
    pick = np.arange(n), order - 1
    displacement = solution.motion[(*pick, slice(None), 0)]
    variance, code = solution.variance[pick], solution.code[pick]
    zncc, noise = solution.zncc[pick], solution.noise[pick]
    status = np.full(n, int(NodeStatus.CONVERGED))
    status[code != _ENDED] = NodeStatus.NOT_CONVERGED
    sigma = np.sqrt(variance.max(axis=1))
    ended = status == NodeStatus.CONVERGED
    usual = usual_noise(noise[ended], disagreement[ended])
    excess = noise / usual.middle
    low = (zncc < plan.minimum_zncc) | (excess > usual.limit(plan.residual_limit))
    unresolved = unresolved_variance(noise, usual, solution.contrast)
    variance = variance + unresolved[:, None] + (0.1 * plan.tolerance) ** 2
    status[(code == _ENDED) & low] = NodeStatus.LOW_CORRELATION
    status[(code == _SINGULAR) | ((code == _ENDED) & ~(sigma < plan.largest_sigma))] = (
        NodeStatus.NO_TEXTURE
    )
    status[code == _LEFT] = NodeStatus.OUTSIDE
    usable = status == NodeStatus.CONVERGED
    prediction, scale = predict_from_neighbours(displacement, variance, usable, grid)
    misfit = np.nanmax(np.abs(displacement - prediction) / scale, axis=1, initial=0.0)
    status[usable & (misfit > plan.outlier_limit)] = NodeStatus.OUTLIER
    return Verdict(order, displacement, variance, zncc, noise, excess, misfit, prediction, status)


@dataclass(frozen=True)
class UsualNoise:
    """Grey noise variance of windows that follow their motion: geometric mean, log scatter."""

    middle: float
    scatter: float

    def limit(self, factor: float) -> float:
        """Ratio to the middle above which a residual is not noise."""
        return max(factor, float(np.exp(8 * self.scatter)))


def usual_noise(noise: NDArray[np.float64], disagreement: NDArray[np.float64]) -> UsualNoise:
    """Noise of sound windows, from the quieter ones.

    Middle and scatter come from the 5th and 25th percentile of the logarithm as in a normal
    distribution: most of the windows may be disturbed by cracks or motion that they cannot follow.
    Would that condemn more than half although both orders agree there, then noise is uneven and
    the median counts.
    """
    if len(noise) == 0:
        return UsualNoise(1.0, 1.0)
    logs = np.log(np.maximum(noise, 1e-12))
    low, quarter, half = np.percentile(logs, (5, 25, 50))
    scatter = max((quarter - low) / 0.9704, 0.005)
    middle = quarter + 0.6745 * scatter
    loud = logs > middle + max(8 * scatter, 0.25)
    if loud.mean() > 0.5 and not np.nanmedian(np.append(disagreement[loud], 0.0)) > 4.0:
        middle, scatter = half, (half - quarter) / 0.6745
    return UsualNoise(max(float(np.exp(middle)), _SMALLEST_NOISE), float(scatter))


def unresolved_variance(
    noise: NDArray[np.float64], usual: UsualNoise, contrast: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of the displacement from motion that the window cannot follow, ``(N,)``.

    Residuals beyond the usual ones, divided by the mean square derivative of the texture, are the
    mean square motion left over in the window; a third of its root reaches the centre (measured
    on sine, star and crack fields with windows of order 2).
    """
    beyond = np.maximum(noise - usual.middle * np.exp(3 * usual.scatter), 0.0)
    slope = np.maximum(contrast[:, 1:].mean(axis=1), 1e-12)
    left_over = np.where(np.isfinite(beyond), 2 * beyond / slope, 0.0)
    return np.asarray(left_over / 9)

"""Which order to believe at each node, and whether to believe the node at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.neighbours import neighbour_mean, predict_from_neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.gradient import Layout
    from operando.strain.narrow import Narrowing
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
    neighbours; the usual noise, and the limit of ``excess`` for sound nodes.
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
    usual: UsualNoise
    limit: float

    @property
    def sound(self) -> NDArray[np.bool_]:
        """Nodes that can be trusted."""
        return np.isin(self.status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))

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
    mean = neighbour_mean(capped[:, None], both, grid)[:, 0]
    return np.where(both & ((mean > 2.0) | (capped > 8.0)), 2, 1)


def judge(
    solution: Solution,
    layout: Layout,
    plan: CorrelationSettings,
    narrowing: Narrowing | None = None,
) -> Verdict:
    """Choose the order, compare residuals with the usual ones, and nodes with their neighbours.

    With a `narrowing`, nodes in narrower windows are of order 2 and the bias that it found counts.
    """
    n, grid = len(solution.code), layout.grid
    disagreement = order_disagreement(solution)
    order = np.ones(n, np.int64)
    if plan.order == "quadratic":
        order = np.where(solution.code[:, 1] == _ENDED, 2, 1)
    elif plan.order == "auto":
        order = choose_order(disagreement, grid)
    if narrowing is not None:
        order = np.where(narrowing.narrowed, 2, order)
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
    limit = usual.limit(plan.residual_limit)
    low = (zncc < plan.minimum_zncc) | (excess > limit)
    unresolved = unresolved_variance(noise, usual, solution.contrast)
    if narrowing is not None:
        unresolved[narrowing.compared] = 0.0
    variance = variance + unresolved[:, None] + (0.1 * plan.tolerance) ** 2
    status[(code == _ENDED) & low] = NodeStatus.LOW_CORRELATION
    status[(code == _SINGULAR) | ((code == _ENDED) & ~(sigma < plan.largest_sigma))] = (
        NodeStatus.NO_TEXTURE
    )
    status[code == _LEFT] = NodeStatus.OUTSIDE
    usable = status == NodeStatus.CONVERGED
    rough = None if narrowing is None else narrowing.narrowed
    prediction, scale = predict_from_neighbours(displacement, variance, usable, grid, rough=rough)
    misfit = np.nanmax(np.abs(displacement - prediction) / scale, axis=1, initial=0.0)
    status[usable & (misfit > plan.outlier_limit)] = NodeStatus.OUTLIER
    sound = status == NodeStatus.CONVERGED
    bent = bent_variance(solution, order, displacement, variance, sound, layout)
    if narrowing is not None:
        bent = np.where(np.isfinite(narrowing.bias), narrowing.bias, bent)
        status[sound & narrowing.narrowed] = NodeStatus.NARROWED
    return Verdict(
        order=order,
        displacement=displacement,
        variance=variance + bent,
        zncc=zncc,
        noise=noise,
        excess=excess,
        misfit=misfit,
        prediction=prediction,
        status=status,
        usual=usual,
        limit=limit,
    )


def bent_variance(
    solution: Solution,
    order: NDArray[np.integer],
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    sound: NDArray[np.bool_],
    layout: Layout,
) -> NDArray[np.float64]:
    """Variance from motion that bends more than the order of a window allows, ``(N, 3)``.

    To leading order a window of edge w damps a sine of wave number k by ``(w k)**2 / 24.4`` with
    order 1, by 0.19 ``(w k / 2 pi)**2`` times the difference of the two orders with order 2. The
    square of k comes from second differences along the grid, mean squared over 3 x 3 x 3 nodes
    and, for order 1, less what the noise gives. Second differences of nodes as far apart as half
    a wavelength come out too small: for order 2 twice the estimate counts (measured on
    star and crack fields, windows of 21 at a spacing of 15).
    """
    both = (solution.code == _ENDED).all(axis=1)
    difference = solution.motion[:, 1, :, 0] - solution.motion[:, 0, :, 0]
    two = (2 * 0.19 / (2 * np.pi) ** 2) ** 2 * _mean_square_bend(difference, both, layout)
    one = _mean_square_bend(displacement, sound, layout)
    ratios = np.square(np.divide(layout.window, layout.spacing))
    noise = variance * (4 * ratios.sum() ** 2 + 2 * np.square(ratios).sum())
    one = np.maximum(one - noise, 0.0) / 24.4**2
    return np.where((order == 2)[:, None], two, np.where(sound[:, None], one, 0.0))


def _mean_square_bend(
    values: NDArray[np.float64], known: NDArray[np.bool_], layout: Layout
) -> NDArray[np.float64]:
    """Sum of the second differences along the axes in units of windows, mean squared."""
    field = np.where(known[:, None], values, np.nan).reshape(*layout.grid, 3)
    total = np.zeros_like(field)
    for axis, (w, s) in enumerate(zip(layout.window, layout.spacing, strict=True)):
        line = np.moveaxis(field, axis, 0)
        if len(line) < 3:
            continue
        bend = np.diff(line, n=2, axis=0)
        bend = np.concatenate([bend[:1], bend, bend[-1:]])
        total += np.moveaxis(np.nan_to_num(bend), 0, axis) * (w / s) ** 2
    return neighbour_mean(total.reshape(-1, 3) ** 2, known, layout.grid)


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

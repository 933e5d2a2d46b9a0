"""Which order to believe at each node, and whether to believe the node at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.field.neighbours import neighbour_mean, predict_from_neighbours
from operando.strain.field.usual_noise import unresolved_variance, usual_noise
from operando.strain.field.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.gradient import Layout
    from operando.strain.field.narrow import Narrowing
    from operando.strain.settings import CorrelationSettings
    from operando.strain.windows.solution import Solution

_LEFT, _SINGULAR, _ENDED = 3, 2, 0


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
    disagreement = order_disagreement(solution)
    order = _orders(solution, disagreement, layout, plan, narrowing)
    pick = np.arange(len(order)), order - 1
    displacement = solution.motion[(*pick, slice(None), 0)]
    variance, code = solution.variance[pick], solution.code[pick]
    zncc, noise = solution.zncc[pick], solution.noise[pick]
    ended = code == _ENDED
    usual = usual_noise(noise[ended], disagreement[ended])
    excess = noise / usual.middle
    limit = usual.limit(plan.residual_limit)
    low = (zncc < plan.minimum_zncc) | (excess > limit)
    flat = ~(np.sqrt(variance.max(axis=1)) < plan.largest_sigma)
    status = _status(code, low, flat)
    unresolved = unresolved_variance(noise, usual, solution.contrast)
    if narrowing is not None:
        unresolved[narrowing.compared] = 0.0
    variance = variance + unresolved[:, None] + (0.1 * plan.tolerance) ** 2
    usable = status == NodeStatus.CONVERGED
    rough = None if narrowing is None else narrowing.narrowed
    prediction, scale = predict_from_neighbours(
        displacement, variance, usable, layout.grid, rough=rough
    )
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


def _orders(
    solution: Solution,
    disagreement: NDArray[np.float64],
    layout: Layout,
    plan: CorrelationSettings,
    narrowing: Narrowing | None,
) -> NDArray[np.int64]:
    """Order of every node, ``(N,)`` 1 or 2, as the plan asks for it."""
    order = np.ones(len(solution.code), np.int64)
    if plan.order == "quadratic":
        order = np.where(solution.code[:, 1] == _ENDED, 2, 1)
    elif plan.order == "auto":
        order = choose_order(disagreement, layout.grid)
    return order if narrowing is None else np.where(narrowing.narrowed, 2, order)


def _status(
    code: NDArray[np.float64], low: NDArray[np.bool_], flat: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Status of windows before neighbours are asked: how they ended, and what they saw."""
    ended = code == _ENDED
    status = np.full(len(code), int(NodeStatus.NOT_CONVERGED))
    status[ended] = NodeStatus.CONVERGED
    status[ended & low] = NodeStatus.LOW_CORRELATION
    status[(code == _SINGULAR) | (ended & flat)] = NodeStatus.NO_TEXTURE
    status[code == _LEFT] = NodeStatus.OUTSIDE
    return status


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

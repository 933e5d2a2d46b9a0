"""Narrower windows where the motion varies faster than a whole window can follow.

A window that straddles a crack, or sees half a wave of the motion, has a bias that its residuals
show only in part. Narrower windows have more noise and far less bias; each node takes the widest
window that the next narrower one does not contradict [Lepskii, Theory Probab. Appl. 35 (1990) 454].
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.field.neighbours import neighbour_indices
from operando.strain.windows.narrower import in_window, narrower_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.gradient import Layout
    from operando.strain.field.verdict import Verdict
    from operando.strain.grid.guess import Guess
    from operando.strain.grid.tiles import TiledFrames
    from operando.strain.settings import CorrelationSettings
    from operando.strain.windows.solution import Solution

Triple = tuple[int, int, int]
_WORTH_A_LOOK = 0.1
_RESOLUTION = 2e-4
"""Voxels: smaller differences come from interpolation and the last iteration, not from bias."""


@dataclass(frozen=True)
class Narrowing:
    """What narrower windows told.

    ``narrowed (N,)`` nodes that took one; ``bias (N, 3)`` variance of the displacement from motion
    that the window of the node cannot follow, NaN where no narrower window could tell;
    ``compared (N,)`` nodes with a narrower window than theirs to compare with; ``voxels (N,)`` of
    the window that the node has, ``whole`` those of a whole window.
    """

    narrowed: NDArray[np.bool_]
    bias: NDArray[np.float64]
    compared: NDArray[np.bool_]
    voxels: NDArray[np.int64]
    whole: int

    @property
    def looked(self) -> bool:
        """Whether any node was looked at."""
        return bool(self.narrowed.any() or np.isfinite(self.bias).any())

    def forget(self, nodes: NDArray[np.int64]) -> None:
        """Nodes that were measured anew in the whole window."""
        self.narrowed[nodes] = self.compared[nodes] = False
        self.bias[nodes] = np.nan
        self.voxels[nodes] = self.whole


def narrow(
    solution: Solution,
    verdict: Verdict,
    frames: TiledFrames,
    guess: Guess,
    layout: Layout,
    plan: CorrelationSettings,
) -> Narrowing:
    """Measure doubtful nodes and those that may be biased in narrower windows too.

    Nodes that take a narrower window get it in `solution` as order 2.
    """
    n = len(solution.code)
    whole = int(np.prod(layout.window))
    result = Narrowing(
        narrowed=np.zeros(n, bool),
        bias=np.full((n, 3), np.nan),
        compared=np.zeros(n, bool),
        voxels=np.full(n, whole),
        whole=whole,
    )
    windows = narrower_windows(layout.window)
    nodes = _candidates(solution, verdict)
    if plan.order == "affine" or not plan.narrower or not windows or len(nodes) == 0:
        return result
    own = verdict.gradient(solution, layout.window)
    start = guess.known(frames.centres[nodes], verdict.displacement[nodes], own[nodes])
    found = frames.solve_narrower(nodes, start, windows)
    looks = [Look.of(nodes, solution, verdict, layout.window)]
    for one, window in zip(found, windows, strict=True):
        one.motion[:] = in_window(one.motion, window, layout.window)
        looks.append(Look.judged(nodes, one, verdict, window, plan))
    level, bias = choose_windows(looks, layout.grid)
    result.bias[nodes] = bias
    result.compared[nodes] = np.isfinite(bias).all(axis=1) & (level < len(found))
    for k, one in enumerate(found, start=1):
        chosen = level == k
        kept, new = solution.take(nodes[chosen]), one.take(chosen)
        for name in ("motion", "variance", "numbers"):
            getattr(kept, name)[:, 1] = getattr(new, name)[:, 1]
        kept.contrast[:] = new.contrast
        solution.put(nodes[chosen], kept)
        result.narrowed[nodes[chosen]] = True
        result.voxels[nodes[chosen]] = np.prod(windows[k - 1])
    return result


def _candidates(solution: Solution, verdict: Verdict) -> NDArray[np.int64]:
    noise = solution.variance[np.arange(len(verdict.order)), verdict.order - 1]
    biased = (verdict.variance > (1 + _WORTH_A_LOOK) * noise).any(axis=1)
    uncertain = (verdict.order == 2) & biased
    known = np.isfinite(verdict.displacement).all(axis=1)
    return np.flatnonzero(known & (verdict.doubtful | uncertain))


@dataclass(frozen=True)
class Look:
    """Candidates ``(n,)`` as one window sees them: displacement, noise variance, sound or not."""

    nodes: NDArray[np.int64]
    displacement: NDArray[np.float64]
    variance: NDArray[np.float64]
    sound: NDArray[np.bool_]
    edge: float

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Whether there is anything to compare with."""
        finite = np.isfinite(self.variance) & np.isfinite(self.displacement)
        return np.asarray(finite.all(axis=1))

    @classmethod
    def of(
        cls, nodes: NDArray[np.int64], solution: Solution, verdict: Verdict, window: Triple
    ) -> Look:
        """Take the whole windows of some nodes."""
        variance = solution.variance[nodes, verdict.order[nodes] - 1]
        sound = ~verdict.doubtful[nodes]
        edge = float(np.prod(window)) ** (1 / 3)
        return cls(nodes, verdict.displacement[nodes], variance, sound, edge)

    @classmethod
    def judged(
        cls,
        nodes: NDArray[np.int64],
        solution: Solution,
        verdict: Verdict,
        window: Triple,
        plan: CorrelationSettings,
    ) -> Look:
        """Take narrower windows; sound are those whose residuals are no more than noise."""
        variance = solution.variance[:, 1]
        sound = (
            (solution.code[:, 1] == 0)
            & (solution.zncc[:, 1] >= plan.minimum_zncc)
            & (solution.noise[:, 1] <= verdict.usual.middle * verdict.limit)
            & (variance.max(axis=1) < plan.largest_sigma**2)
        )
        edge = float(np.prod(window)) ** (1 / 3)
        return cls(nodes, solution.motion[:, 1, :, 0], variance, sound, edge)


def choose_windows(
    looks: list[Look], grid: Triple
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pick a window for each candidate, 0 for the widest, and the variance from its bias.

    Where the mean square difference of two windows over 3 x 3 x 3 nodes exceeds twice its
    expectation (8 times for the node alone), or the wider one is not sound, the narrower one is
    taken. The bias of order 2 grows with the fourth power of the edge, so the difference to the
    next narrower window tells it; the narrowest window is compared with the one before.
    """
    n = len(looks[0].nodes)
    level, bias = np.zeros(n, np.int64), np.full((n, 3), np.nan)
    for k, (wide, slim) in enumerate(pairwise(looks)):
        both = wide.sound & slim.sound
        ratio, excess = _compare(wide, slim, both, grid)
        mean = _pooled(np.minimum(ratio, 16.0)[:, None], both, wide.nodes, grid)[:, 0]
        here = level == k
        go = here & ~wide.sound | here & slim.sound & ((mean > 2.0) | (ratio > 8.0))
        level[go] = k + 1
        damping = (slim.edge / wide.edge) ** 4
        stay = here & ~go & both
        bias[stay] = excess[stay] / (1 - damping) ** 2
        if k == len(looks) - 2:
            ended = wide.ended & slim.sound
            _, excess = _compare(wide, slim, ended, grid)
            bias[go & ended] = excess[go & ended] * (damping / (1 - damping)) ** 2
    sound = np.stack([look.sound for look in looks])[level, np.arange(n)]
    level[~sound] = 0
    bias[~sound] = np.nan
    return level, bias


def _compare(
    wide: Look, slim: Look, known: NDArray[np.bool_], grid: Triple
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Square difference over its expectation ``(n,)`` and the neighbourhood's excess ``(n, 3)``.

    Both windows see the same noise, so the variance of their difference is the difference of
    their variances.
    """
    use = known[:, None]
    spread = np.where(use, slim.variance, 1.0) - np.where(use, wide.variance, 0.0)
    spread = np.maximum(spread, _RESOLUTION**2)
    square = np.where(use, slim.displacement - wide.displacement, 0.0) ** 2
    excess = _pooled(square - spread, known, wide.nodes, grid)
    return (square / spread).mean(axis=1), np.maximum(excess, 0.0)


def _pooled(
    values: NDArray[np.float64],
    known: NDArray[np.bool_],
    nodes: NDArray[np.int64],
    grid: Triple,
) -> NDArray[np.float64]:
    """Mean over the known candidates among the 27 nodes around each, ``(n, C)``; 0 for none."""
    place = np.full(int(np.prod(grid)), -1)
    place[nodes] = np.arange(len(nodes))
    around = neighbour_indices(grid, nodes=nodes)
    near = np.where(around >= 0, place[around], -1)
    there = (near >= 0) & known[near]
    total = np.where(there[..., None], values[near], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(there.sum(axis=1), 1)[:, None])

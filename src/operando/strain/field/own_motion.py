"""Errors where particles move on their own inside a window.

A window measures one smooth motion. Where particles inside it turn or slide on their own, the
motion at its centre is another one, and no grey noise tells. Two things do: neighbours that differ
by more than their errors, and grey values that do not fit (motion left over in the window). Either
may have other reasons. A field that bends from node to node makes neighbours differ, but then it
bends inside the windows too and they are of order 2; a new phase does not fit either. So for
windows of order 1 neighbours tell whether, and the larger of both how much, as windows of one
order average alike; for those of order 2 what both agree on counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.strain.field.neighbours import neighbour_mean
from operando.strain.field.scatter import INTERPOLATION_ERROR, surface_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.gradient import Layout
    from operando.strain.field.narrow import Narrowing
    from operando.strain.field.usual_noise import UsualNoise
    from operando.strain.field.verdict import Verdict
    from operando.strain.windows.solution import Solution

_SIGNIFICANT = 2.5
"""Times the predicted variance; noise alone keeps the mean of 27 squares of neighbours below."""


def with_own_motion(
    verdict: Verdict, solution: Solution, narrowing: Narrowing, layout: Layout
) -> NDArray[np.float64]:
    """Variance of the displacement with that of motion inside the windows, ``(N, 3)``.

    It is never below ``verdict.variance``. Nodes that were compared with narrower windows know
    their bias from there and keep it.
    """
    valid = verdict.sound
    pick = np.arange(len(valid)), verdict.order - 1
    voxels = narrowing.voxels * np.nan_to_num(solution.coverage[pick], nan=1.0)
    left_over = left_over_motion(verdict.noise, verdict.usual, solution.contrast, voxels)
    left_over = neighbour_mean(left_over[:, None], valid, layout.grid)
    scatter = neighbour_variance(verdict.displacement, valid, layout)
    straight = (verdict.order == 1)[:, None] & np.isfinite(scatter)
    larger = np.maximum(scatter, left_over)
    clear = np.where(scatter > _SIGNIFICANT * verdict.variance, larger, 0.0)
    own = np.where(straight, clear, np.minimum(left_over, scatter))
    own = np.where(own > INTERPOLATION_ERROR**2, own, 0.0)
    settled = np.isfinite(narrowing.bias).all(axis=1) | ~valid
    return np.where(settled[:, None], verdict.variance, np.maximum(verdict.variance, own))


def left_over_motion(
    noise: NDArray[np.float64],
    usual: UsualNoise,
    contrast: NDArray[np.float64],
    voxels: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean square motion of a window's voxels about the one that it found, per component ``(N,)``.

    Residuals beyond the noise, divided by the squared derivatives of the texture along all three
    axes. Windows with motion left over raise the usual noise and its scatter, so that quiet
    windows, one scatter below, tell the noise, as far as the scatter exceeds what that many voxels
    of white noise give. Excess within three of these is noise; from six on all of it counts.
    """
    chance = np.sqrt(2 / np.maximum(voxels, 1))
    quiet = usual.middle * np.exp(-np.maximum(usual.scatter - chance, 0.0))
    excess = np.log(np.maximum(noise / quiet, 1e-12))
    trust = np.clip(excess / (3 * chance) - 1, 0.0, 1.0)
    slope = np.maximum(contrast[:, 1:].sum(axis=1), 1e-12)
    return np.asarray(np.nan_to_num(2 * trust * np.maximum(noise - quiet, 0.0) / slope))


def neighbour_variance(
    displacement: NDArray[np.float64],
    valid: NDArray[np.bool_],
    layout: Layout,
) -> NDArray[np.float64]:
    """Variance of the displacement as neighbours see it, ``(N, 3)``; infinite where none does.

    Mean over 3 x 3 x 3 nodes of the squared distance from the surface through their neighbours, as
    a multiple of what errors of variance 1 would give.
    """
    alike = np.ones_like(displacement)
    found = surface_distance(displacement, alike, valid, layout.grid, layout.spacing, layout.window)
    seen, square = np.zeros(len(valid), bool), np.zeros((len(valid), 3))
    seen[found.nodes] = True
    square[found.nodes] = found.square / found.expected
    return neighbour_mean(square, seen, layout.grid, none=np.inf)

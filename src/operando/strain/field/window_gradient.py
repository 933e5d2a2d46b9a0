"""Gradients that the windows found themselves, and their errors.

A window does not see the gradient at its centre but a mean over its voxels. To second order in the
offsets, order 1 and 2 alike weigh a derivative by a parabola along its own axis and evenly along
the others: the mean differs by a tenth and a sixth of the second differences times the square of
the half edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.field.neighbours import neighbour_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.gradient import Layout
    from operando.strain.field.narrow import Narrowing
    from operando.strain.field.verdict import Verdict
    from operando.strain.windows.solution import Solution

_ORDER_2 = 4.75
"""Variance of a displacement with order 2 over that with order 1; gradients have the same."""

_CHANCE = 5.0
"""Mean of nine squares over their variances that noise alone does not reach."""


@dataclass(frozen=True)
class WindowGradient:
    """What windows saw: mean gradients and the variance of their noise, ``(N, 3, 3)`` each.

    ``half (N, 3)`` edges of the windows, voxels.
    """

    seen: NDArray[np.float64]
    noise: NDArray[np.float64]
    half: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        verdict: Verdict,
        solution: Solution,
        layout: Layout,
        narrowing: Narrowing | None = None,
    ) -> WindowGradient:
        """Take what the solver found; without a `narrowing` all windows are whole."""
        half = np.tile(np.maximum(np.array(layout.window) // 2, 1.0), (len(verdict.order), 1))
        if narrowing is not None:
            half *= np.cbrt(narrowing.voxels / narrowing.whole)[:, None]
        variance = solution.variance[np.arange(len(half)), verdict.order - 1]
        variance = variance / np.where(verdict.order == 2, _ORDER_2, 1.0)[:, None]
        noise = 3 * variance[:, :, None] / (half * (half + 1))[:, None]
        return cls(verdict.gradient(solution, layout.window), noise, half)

    def at_centres(
        self, valid: NDArray[np.bool_], layout: Layout
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gradients at the centres and their variances; what is corrected counts as uncertain."""
        flattened = self._flattened(self.seen, valid, layout)
        bias = neighbour_mean(flattened.reshape(-1, 9) ** 2, valid, layout.grid)
        return self.seen - flattened, self.noise + bias.reshape(-1, 3, 3)

    def contradiction(
        self, gradient: NDArray[np.float64], valid: NDArray[np.bool_], layout: Layout
    ) -> NDArray[np.float64]:
        """Mean square error of gradients that the windows show; 0 where noise explains it.

        The nine components of a node together tell whether it does.
        """
        through = gradient + self._flattened(gradient, valid, layout)
        square = (self.seen - through) ** 2
        ratio = square / self.noise
        known = np.isfinite(ratio)
        total = np.where(known, ratio, 0.0).sum(axis=(1, 2), keepdims=True)
        clear = known & (total > _CHANCE * known.sum(axis=(1, 2), keepdims=True))
        return np.where(clear, np.maximum(square - self.noise, 0.0), 0.0)

    def _flattened(
        self, gradient: NDArray[np.float64], valid: NDArray[np.bool_], layout: Layout
    ) -> NDArray[np.float64]:
        """By how much means over the windows differ from gradients at their centres."""
        known = np.where(valid[:, None, None], gradient, np.nan).reshape(*layout.grid, 3, 3)
        out = np.zeros_like(known)
        for axis, spacing in enumerate(layout.spacing):
            if layout.grid[axis] < 3:
                continue
            bend = np.moveaxis(np.diff(known, n=2, axis=axis), axis, 0)
            bend = np.moveaxis(np.concatenate([bend[:1], bend, bend[-1:]]), 0, axis)
            share = np.where(np.arange(3) == axis, 1 / 10, 1 / 6)
            reach = (self.half[:, axis] / spacing).reshape(*layout.grid, 1, 1)
            out += np.nan_to_num(bend) * share * reach**2
        return out.reshape(-1, 3, 3)

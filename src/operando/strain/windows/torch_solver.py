"""The window solver in plain torch, for any device; agrees with the compiled one.

Same criterion, basis and update as `operando.strain.windows.kernels`, on batches of windows: spline
values are gathered tap by tap, normal equations are batched matrix products, the small systems are
solved in double precision on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.windows.kernels import CONVERGED, LEFT, SINGULAR, STOPPED
from operando.strain.windows.normal_matrix import POWERS, noise_gain
from operando.strain.windows.torch_frames import TorchFrames
from operando.strain.windows.torch_windows import TorchWindows
from operando.strain.windows.updates import SLOPE_TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.strain.volumes.frames import Frames
    from operando.strain.windows.solution import Solution

_BATCH_VOXELS = 300_000


@dataclass(frozen=True)
class Limits:
    """When to stop: voxels, iterations, voxels, voxels."""

    tolerance: float
    iterations: int
    smallest_count: float
    excursion: float


class TorchSolver:
    """Solves windows of one size on one device.

    Parameters
    ----------
    frames
        The prepared volumes.
    half
        Half window edges.
    device
        Name of a torch device.
    """

    def __init__(self, frames: Frames, half: NDArray[np.int64], device: str) -> None:
        self.half, self.gain = half, frames.noise_gain
        self.frames = TorchFrames(frames, half, device)

    def solve(
        self,
        centres: NDArray[np.int64],
        guesses: NDArray[np.float64],
        orders: tuple[bool, bool],
        limits: Limits,
        out: Solution,
        report: Callable[[int], None] | None,
    ) -> None:
        """Solve all nodes into `out`."""
        step = max(1, _BATCH_VOXELS // self.frames.basis.shape[1])
        for start in range(0, len(centres), step):
            part = slice(start, start + step)
            self._solve_batch(centres[part], guesses[part], orders, limits, out, part)
            if report is not None:
                report(len(centres[part]))

    def _solve_batch(
        self,
        centres: NDArray[np.int64],
        guesses: NDArray[np.float64],
        orders: tuple[bool, bool],
        limits: Limits,
        out: Solution,
        part: slice,
    ) -> None:
        window = TorchWindows(self.frames, centres)
        numbers, n = out.numbers[part], len(centres)
        numbers[:, :, 0] = SINGULAR
        out.contrast[part] = window.contrast()
        c = guesses.copy()
        alive = window.usable(limits.smallest_count)
        numbers[window.count < limits.smallest_count, :, 0] = LEFT
        for order, terms in ((0, 4), (1, 10)):
            if not orders[order] or not alive.any():
                continue
            code, zncc, iterations = self._refine(window, c, terms, limits, alive)
            alive &= np.isin(code, (CONVERGED, STOPPED))
            numbers[:, order, 0] = np.where(numbers[:, order, 0] == LEFT, LEFT, code)
            numbers[:, order, 1], numbers[:, order, 2] = zncc, iterations
            numbers[:, order, 4] = window.count / self.frames.basis.shape[1]
            spread = (
                2
                * np.maximum(1 - zncc, 1e-9)
                * window.norm
                / np.maximum(window.count - 3 * terms, 1)
            )
            gain = np.array([noise_gain(c[k], self.half, self.gain) for k in range(n)])
            noise = spread / (1 + gain)
            numbers[:, order, 3] = np.where(alive, noise, np.nan)
            out.motion[part, order][alive] = c[alive]
            variance = window.variance(terms, noise)
            out.variance[part, order][alive] = variance[alive]

    def _refine(
        self,
        window: TorchWindows,
        c: NDArray[np.float64],
        terms: int,
        limits: Limits,
        alive: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Gauss-Newton for a batch; `c` is changed in place."""
        n = len(c)
        code = np.where(alive, STOPPED, SINGULAR)
        zncc, iterations = np.full(n, np.nan), np.zeros(n, np.int64)
        running, fine = alive.copy(), np.zeros(n, bool)
        start = c[:, :, 0].copy()
        inverse, sharpest = window.inverse(terms), max(self.frames.coefficients)
        for _ in range(limits.iterations):
            if window.drop_outside(c):
                inverse = window.inverse(terms)
                gone = running & ~window.usable(limits.smallest_count)
                code[gone], running = LEFT, running & ~gone
            degree = sharpest if fine[running].all() else 3
            found, vector, scale = window.compare(
                self.frames.moved_grey(window.centres, c, degree), terms
            )
            d = np.zeros_like(c)
            change = np.einsum("nij,nj->ni", inverse, vector) * scale[:, None]
            d[:, :, :terms] = change.reshape(n, 3, terms)
            step = np.abs(d).sum(axis=2).max(axis=1)
            iterations[running] += 1
            zncc[running] = found[running]
            lost = running & ~(step < limits.excursion)
            running &= ~lost
            d[~running] = 0
            slope = d / np.maximum(self.half, 1)[:, None]
            c -= d + np.einsum("nim,naj,amjt->nit", c, slope, _COMPOSE[terms], optimize=True)
            running &= ~(np.abs(c[:, :, 0] - start).max(axis=1) > limits.excursion)
            done = running & (step < limits.tolerance) & (degree == sharpest)
            code[done] = CONVERGED
            running &= ~done
            fine |= step < 30 * limits.tolerance
            if not running.any():
                break
        return code, zncc, iterations


def _composition(terms: int) -> NDArray[np.float64]:
    """Tensor ``[axis, m, n, target]`` of (derivative of term m) x (term n), truncated."""
    out = np.zeros((3, 10, 10, 10))
    for axis, m, n in np.ndindex(3, terms, terms):
        target = SLOPE_TIMES[axis, m, n]
        if 0 <= target < terms:
            out[axis, m, n, target] = POWERS[m, axis]
    return out


_COMPOSE = {4: _composition(4), 10: _composition(10)}

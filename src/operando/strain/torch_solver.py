"""The window solver in plain torch, for any device; agrees with the compiled one.

Same criterion, basis and update as `operando.strain.kernels`, on batches of windows: spline values
are gathered tap by tap, normal equations are batched matrix products, the small systems are solved
in double precision on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from operando.strain.bspline import weight_polynomials
from operando.strain.kernels import CONVERGED, LEFT, SINGULAR, SLOPE_TIMES, STOPPED
from operando.strain.normal_matrix import GRADIENT_NOISE, POWERS, noise_gain

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.strain.frames import Frames
    from operando.strain.solution import Solution

_BATCH_VOXELS = 300_000
_STENCIL = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))


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
        self.device, self.half = device, half
        cubic, quintic, strides, shape, moved_mask = frames.deformed
        self.strides, self.shape = [int(s) for s in strides], shape
        self.coefficients = {3: self._to(cubic)}
        if quintic.size:
            self.coefficients[5] = self._to(quintic)
        self.reference = self._to(frames.reference.ravel())
        self.mask = self._to(frames.mask.ravel()) if frames.mask.size else None
        self.moved_mask = self._to(moved_mask.ravel()) if moved_mask.size else None
        self.rows = frames.reference.shape
        self.gain = frames.noise_gain
        axes = [torch.arange(-int(h), int(h) + 1, device=device) for h in half]
        self.offsets = torch.stack(torch.meshgrid(*axes, indexing="ij"), 0).reshape(3, -1)
        s = self.offsets / self._to(np.maximum(half, 1)[:, None].astype(np.float32))
        terms = [s.new_ones(s.shape[1]), *s, *(s * s), s[0] * s[1], s[0] * s[2], s[1] * s[2]]
        self.basis = torch.stack(terms)

    def _to(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.as_tensor(values, device=self.device)

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
        step = max(1, _BATCH_VOXELS // self.basis.shape[1])
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
        window = _Window(self, centres)
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
            numbers[:, order, 4] = window.count / self.basis.shape[1]
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
        window: _Window,
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
        inverse = window.inverse(terms)
        for _ in range(limits.iterations):
            if window.drop_outside(c):
                inverse = window.inverse(terms)
                gone = running & ~window.usable(limits.smallest_count)
                code[gone], running = LEFT, running & ~gone
            degree = 5 if fine[running].all() and 5 in self.coefficients else 3
            found, vector, scale = window.compare(self.sample(window, c, degree), terms)
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
            sharp = degree == 5 or 5 not in self.coefficients
            done = running & (step < limits.tolerance) & sharp
            code[done] = CONVERGED
            running &= ~done
            fine |= step < 30 * limits.tolerance
            if not running.any():
                break
        return code, zncc, iterations

    def sample(self, window: _Window, c: NDArray[np.float64], degree: int) -> torch.Tensor:
        """Deformed grey values at the moved voxels, ``(n, voxels)``."""
        u = self._to(c.astype(np.float32)) @ self.basis
        below = torch.floor(u)
        share = u - below
        whole = below.long() + self.offsets + window.centres[:, :, None]
        plane, row, origin = self.strides
        left = (degree - 1) // 2
        for k in range(3):
            whole[:, k].clamp_(-1, int(self.shape[k]))
        index = whole[:, 0] * plane + whole[:, 1] * row + whole[:, 2] + origin
        taps = self._to(weight_polynomials(degree).astype(np.float32))
        weights = []
        for k in range(3):
            value = taps[:, -1, None, None].expand(-1, *share[:, k].shape)
            for j in range(degree - 1, -1, -1):
                value = value * share[:, k] + taps[:, j, None, None]
            weights.append(value)
        coefficients, total = self.coefficients[degree], torch.zeros_like(u[:, 0])
        for a in range(degree + 1):
            for b in range(degree + 1):
                line = torch.zeros_like(total)
                for k in range(degree + 1):
                    place = index + ((a - left) * plane + (b - left) * row + k - left)
                    line += weights[2][k] * coefficients[place]
                total += weights[0][a] * weights[1][b] * line
        return total


def _composition(terms: int) -> NDArray[np.float64]:
    """Tensor ``[axis, m, n, target]`` of (derivative of term m) x (term n), truncated."""
    out = np.zeros((3, 10, 10, 10))
    for axis, m, n in np.ndindex(3, terms, terms):
        target = SLOPE_TIMES[axis, m, n]
        if 0 <= target < terms:
            out[axis, m, n, target] = POWERS[m, axis]
    return out


_COMPOSE = {4: _composition(4), 10: _composition(10)}


class _Window:
    """Reference values, derivatives and normal equations of a batch of windows."""

    def __init__(self, solver: TorchSolver, centres: NDArray[np.int64]) -> None:
        self.solver = solver
        self.centres = torch.as_tensor(centres, device=solver.device)
        places = solver.offsets + self.centres[:, :, None]
        _, ny, nx = solver.rows
        steps = (ny * nx, nx, 1)
        index = (places * torch.tensor(steps, device=solver.device)[:, None]).sum(1)
        grey = solver.reference[index]
        slopes = []
        for s in steps:
            slope = torch.zeros_like(grey)
            for k, a in _STENCIL:
                slope += a * (solver.reference[index + k * s] - solver.reference[index - k * s])
            slopes.append(slope)
        self.raw, self.slopes = grey, torch.stack(slopes, 1)
        self.weights = torch.ones_like(grey)
        if solver.mask is not None:
            self.weights = (solver.mask[index] > 0).to(grey.dtype)
        self._centre()

    def _centre(self) -> None:
        w = self.weights
        count = w.sum(1)
        mean = (self.raw * w).sum(1) / count.clamp(min=1)
        self.grey = (self.raw - mean[:, None]) * w
        self.count = count.double().cpu().numpy()
        self.norm = (self.grey**2).sum(1).double().cpu().numpy()

    def usable(self, smallest: float) -> NDArray[np.bool_]:
        """Whether enough voxels with any texture are left."""
        return np.asarray((self.count >= smallest) & (self.norm > 1e-12 * self.count))

    def contrast(self) -> NDArray[np.float64]:
        """Grey variance and mean squares of the derivatives, ``(n, 4)``."""
        energy = ((self.slopes**2) * self.weights[:, None]).sum(2).double().cpu().numpy()
        count = np.maximum(self.count, 1)[:, None]
        return np.asarray(np.concatenate([self.norm[:, None], energy], axis=1) / count)

    def jacobian(self, terms: int) -> torch.Tensor:
        """Multiply derivatives, basis and weights, ``(n, 3 terms, voxels)``."""
        basis = self.solver.basis[:terms]
        slopes = self.slopes * self.weights[:, None]
        return (slopes[:, :, None] * basis).reshape(len(slopes), 3 * terms, -1)

    def normal(self, terms: int) -> NDArray[np.float64]:
        """Build the normal matrices with grey offset and gain eliminated."""
        j = self.jacobian(terms)
        matrix = (j @ j.transpose(1, 2)).double().cpu().numpy()
        self.mean = j.sum(2).double().cpu().numpy()
        self.along = (j * self.grey[:, None]).sum(2).double().cpu().numpy()
        count, norm = np.maximum(self.count, 1), np.maximum(self.norm, 1e-12)
        matrix -= np.einsum("ni,nj,n->nij", self.mean, self.mean, 1 / count)
        return np.asarray(matrix - np.einsum("ni,nj,n->nij", self.along, self.along, 1 / norm))

    def inverse(self, terms: int) -> NDArray[np.float64]:
        """Inverse of the normal matrices (pseudo-inverse where singular)."""
        return np.asarray(np.linalg.pinv(self.normal(terms), rcond=1e-9, hermitian=True))

    def drop_outside(self, c: NDArray[np.float64]) -> bool:
        """Give weight 0 to voxels that left the deformed volume or its mask; whether any did."""
        solver = self.solver
        u = torch.as_tensor(c.astype(np.float32), device=solver.device) @ solver.basis
        place = u + solver.offsets + self.centres[:, :, None]
        top = torch.as_tensor(solver.shape - 1, device=solver.device)[:, None]
        inside = ((place >= 0) & (place <= top)).all(1)
        if solver.moved_mask is not None:
            near = (place + 0.5).long().clamp(min=0).minimum(top)
            _, ny, nx = (int(n) for n in solver.shape)
            index = near[:, 0] * ny * nx + near[:, 1] * nx + near[:, 2]
            inside &= solver.moved_mask[index] > 0
        gone = ~inside & (self.weights > 0)
        if not bool(gone.any()):
            return False
        self.weights = self.weights * inside
        self._centre()
        return True

    def compare(
        self, moved: torch.Tensor, terms: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """ZNCC, projected residual ``(n, 3 terms)``, and grey scale of the step."""
        g = moved * self.weights
        total = g.sum(1).double().cpu().numpy()
        square = (g * g).sum(1).double().cpu().numpy()
        product = (g * self.grey).sum(1).double().cpu().numpy()
        projected = (self.jacobian(terms) @ g[:, :, None])[:, :, 0].double().cpu().numpy()
        count, norm = np.maximum(self.count, 1), np.maximum(self.norm, 1e-12)
        energy = np.maximum(square - total**2 / count, 1e-12)
        vector = projected - (total / count)[:, None] * self.mean
        vector -= (product / norm)[:, None] * self.along
        return product / np.sqrt(energy * norm), vector, np.sqrt(norm / energy)

    def variance(self, terms: int, noise: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of the displacement of the centres, ``(n, 3)``, as in the compiled solver."""
        basis = self.solver.basis[:terms]
        spread = ((basis * self.weights[:, None]) @ basis.T).double().cpu().numpy()
        matrix = self.normal(terms)
        at = [k * terms for k in range(3)]
        weakest = np.stack([matrix[:, k, k] for k in at], 1).min(axis=1)
        excess = np.minimum(GRADIENT_NOISE * noise, 0.5 * weakest / np.maximum(self.count, 1))
        excess = np.nan_to_num(np.maximum(excess, 0.0))
        for k in range(3):
            block = slice(k * terms, (k + 1) * terms)
            matrix[:, block, block] -= excess[:, None, None] * spread
        columns = np.linalg.pinv(matrix, rcond=1e-9, hermitian=True)[:, :, at]
        own = np.stack([columns[:, a, k] for k, a in enumerate(at)], axis=1)
        split = columns.reshape(len(columns), 3, terms, 3)
        blur = np.einsum("naik,nij,najk->nk", split, spread, split)
        return np.asarray(noise[:, None] * (2 * own + excess[:, None] * blur))

"""Penalty on the differences of neighbouring nodes, and the smooth field it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Triple = tuple[int, int, int]


class Lattice:
    """Penalty on the second or third differences along each axis of a grid of nodes.

    Parameters
    ----------
    grid
        Nodes along z, y, x.
    order
        2 or 3: affine or quadratic fields are free.
    cuts
        ``(3, Z, Y, X)`` True where the edge from a node to the next one along an axis is cut.
    """

    def __init__(self, grid: Triple, order: int, cuts: NDArray[np.bool_] | None = None) -> None:
        self.order = order
        self.differences, self.vectors, self.values, self.kept = [], [], [], []
        for axis, n in enumerate(grid):
            steps = np.diff(np.eye(n), n=order, axis=0) if n > order else np.zeros((1, n))
            values, vectors = np.linalg.eigh(steps.T @ steps)
            kept = np.ones((1, 1, 1, 1))
            if cuts is not None and n > order:
                cut = np.moveaxis(cuts[axis], axis, 0)
                whole = ~np.any([cut[i : n - order + i] for i in range(order)], axis=0)
                kept = np.moveaxis(whole, 0, axis)[..., None].astype(float)
            self.differences.append(steps)
            self.values.append(
                np.maximum(values, 0.0).reshape([-1 if a == axis else 1 for a in range(4)])
            )
            self.vectors.append(vectors)
            self.kept.append(kept)

    def forward(self, field: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coefficients of ``(Z, Y, X, C)`` values in the eigenvectors."""
        for axis, v in enumerate(self.vectors):
            field = along(v.T, field, axis)
        return field

    def backward(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values from coefficients."""
        for axis, v in enumerate(self.vectors):
            coefficients = along(v, coefficients, axis)
        return coefficients

    def spectrum(self, strength: NDArray[np.float64]) -> NDArray[np.float64]:
        """Eigenvalues of the penalty with weights ``(3, C)``."""
        z, y, x = (v * s for v, s in zip(self.values, strength, strict=True))
        return np.asarray(z + y + x)

    def penalty(
        self, field: NDArray[np.float64], strength: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Apply the penalty matrix to ``(Z, Y, X, C)`` values."""
        out = np.zeros_like(field)
        for axis, (steps, kept) in enumerate(zip(self.differences, self.kept, strict=True)):
            bend = along(steps, field, axis) * kept
            out += along(steps.T, bend, axis) * strength[axis]
        return out

    def smooth(
        self,
        data: NDArray[np.float64],
        weights: NDArray[np.float64],
        strength: NDArray[np.float64],
        tolerance: float = 1e-5,
    ) -> NDArray[np.float64]:
        """Minimise ``sum weights (u - data)**2 + penalty`` by conjugate gradients.

        `data` and `weights` are ``(Z, Y, X, C)``, `strength` ``(3, C)``; weight 0 leaves a node
        free. Preconditioned by the solution for equal weights and no cuts, until the residual is
        below `tolerance` of the right-hand side.
        """
        mean = np.maximum(weights.mean(axis=(0, 1, 2)), 1e-12)
        damping = 1 / (mean + self.spectrum(strength))
        field = self.backward(damping * self.forward(weights * data))
        residual = weights * (data - field) - self.penalty(field, strength)
        target = tolerance**2 * _dot(weights * data, weights * data) + 1e-30
        step = ready = self.backward(damping * self.forward(residual))
        energy = _dot(residual, ready)
        for _ in range(100):
            if (_dot(residual, residual) < target).all():
                break
            pushed = weights * step + self.penalty(step, strength)
            length = energy / np.maximum(_dot(step, pushed), 1e-300)
            field = field + length * step
            residual = residual - length * pushed
            ready = self.backward(damping * self.forward(residual))
            before, energy = energy, _dot(residual, ready)
            step = ready + energy / np.maximum(before, 1e-300) * step
        return field


def along(
    matrix: NDArray[np.float64], field: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    """Multiply one axis of ``(Z, Y, X, C)`` by a matrix."""
    before, after = field.shape[:axis], field.shape[axis + 1 :]
    flat = np.ascontiguousarray(field).reshape(*before, field.shape[axis], -1)
    return np.asarray((matrix @ flat).reshape(*before, len(matrix), *after))


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sum(a * b, axis=(0, 1, 2)))

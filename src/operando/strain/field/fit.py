"""A smooth, compatible displacement field through noisy nodes, and its derivative.

Penalised least squares on the node lattice [Eilers 2003; Whittaker 1923]: every node pulls with the
inverse of its predicted variance, second or third differences along the axes are penalised. Their
weights minimise Stein's unbiased estimate of the error, with the correlation that
overlapping windows cause. Derivatives are those of the quintic spline through the fitted nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.field.lattice import Lattice, along

if TYPE_CHECKING:
    from numpy.typing import NDArray

Triple = tuple[int, int, int]
_STRENGTHS = 10.0 ** np.arange(-3.0, 8.1, 0.5)
_SAMPLES = 12
_ROUGH = 1e-3
"""Tolerance where a per mille is enough: noise samples, and nodes to be bridged."""


@dataclass(frozen=True)
class Fit:
    """Fitted nodes.

    ``displacement (N, 3)``, ``gradient (N, 3, 3)``, their predicted standard deviations ``sigma``
    and ``gradient_sigma`` of the same shapes, and ``half_wavelength (3, 3)``: for each component
    and axis the wavelength in node distances that keeps half of its amplitude.
    """

    displacement: NDArray[np.float64]
    gradient: NDArray[np.float64]
    sigma: NDArray[np.float64]
    gradient_sigma: NDArray[np.float64]
    half_wavelength: NDArray[np.float64]


def overlap_correlation(n: int, spacing: float, window: float) -> NDArray[np.float64]:
    """Correlation of the errors of nodes along an axis whose windows share voxels, ``(n, n)``."""
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) * spacing
    return np.maximum(1 - distance / window, 0.0)


def choose_strength(
    lattice: Lattice,
    data: NDArray[np.float64],
    variance: float,
    correlation: list[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], float]:
    """Penalty weights ``(3, C)`` with the least unbiased risk estimate, and that risk.

    For a full grid of unit weights; each component and axis has its own weight, found by descent
    along one axis after the other.
    """
    power = lattice.forward(data) ** 2
    z, y, x = (
        np.einsum("ni,nm,mi->i", v, c, v) for v, c in zip(lattice.vectors, correlation, strict=True)
    )
    noise = variance * z[:, None, None] * y[:, None] * x
    out, total = np.empty((3, data.shape[3])), 0.0
    for component in range(data.shape[3]):
        best = np.ones(3)
        wanted, cost = np.ascontiguousarray(power[..., component]), 2 * noise
        for _ in range(3):
            before = best.copy()
            for axis in range(3):
                others = best[:, None] * (np.arange(3) != axis)[:, None]
                base = 1 + lattice.spectrum(others)[..., 0]
                risks = []
                for strength in _STRENGTHS:
                    kept = 1 / (base + strength * lattice.values[axis][..., 0])
                    risks.append(np.vdot((1 - kept) ** 2, wanted) + np.vdot(kept, cost))
                best[axis] = _STRENGTHS[int(np.argmin(risks))]
            if (best == before).all():
                break
        out[:, component] = best
        total += min(risks)
    return out, total


def node_derivative(
    field: NDArray[np.float64], axis: int, cuts: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Differentiate the quintic spline through ``(Z, Y, X, C)`` along an axis, per node distance.

    A cut edge ends the spline; a node cut off on both sides gets NaN.
    """
    f = np.moveaxis(field, axis, 0)
    out = np.tensordot(spline_derivative(len(f)), f, 1)
    if cuts is not None:
        cut = np.moveaxis(cuts[axis], axis, 0)
        for line in np.argwhere(cut[:-1].any(axis=0)):
            at = tuple(line)
            ends = [0, *(np.flatnonzero(cut[(slice(None, -1), *at)]) + 1), len(f)]
            for a, b in pairwise(ends):
                out[(slice(a, b), *at)] = spline_derivative(b - a) @ f[(slice(a, b), *at)]
    return np.asarray(np.moveaxis(out, 0, axis))


def cut_edges(disturbed: NDArray[np.bool_], grid: Triple) -> NDArray[np.bool_]:
    """Cut all edges of disturbed nodes: ``(3, Z, Y, X)``, see `Lattice`.

    Parameters
    ----------
    disturbed
        ``(N,)`` nodes whose windows are crossed by a crack.
    """
    nodes = disturbed.reshape(grid)
    cuts = np.repeat(nodes[None], 3, axis=0)
    for axis in range(3):
        here, ahead = np.moveaxis(cuts[axis], axis, 0), np.moveaxis(nodes, axis, 0)
        here[:-1] |= ahead[1:]
    return cuts


@cache
def spline_derivative(n: int) -> NDArray[np.float64]:
    """Matrix ``(n, n)`` that differentiates the spline through n values at them; NaN for one."""
    from scipy.interpolate import make_interp_spline

    if n < 2:
        return np.full((n, n), np.nan)
    degree = 5 if n > 5 else min(3, n - 1)
    return np.asarray(make_interp_spline(np.arange(n), np.eye(n), k=degree)(np.arange(n), 1))


def fit_nodes(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid: Triple,
    spacing: Triple,
    window: Triple,
    cuts: NDArray[np.bool_] | None = None,
) -> Fit:
    """Fit a smooth field to the usable nodes.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)``; only usable nodes are read.
    usable
        ``(N,)``, at least one.
    cuts
        ``(3, Z, Y, X)`` edges that no smoothness may cross, see `Lattice`.

    Returns
    -------
    Fit
        With values at all nodes; those that are not usable are bridged and must not be shown.
        Components of the gradient along an axis with one node are NaN.
    """
    used = usable[:, None] & np.isfinite(variance) & np.isfinite(displacement)
    typical = float(np.median(variance[used]))
    weights = np.where(used, typical / np.where(used, variance, 1.0), 0.0)
    weights = np.minimum(weights, 4.0).reshape(*grid, 3)
    middle = np.median(displacement[usable], axis=0)
    data = np.where(used, displacement - middle, 0.0).reshape(*grid, 3)
    correlation = [
        overlap_correlation(n, s, w) for n, s, w in zip(grid, spacing, window, strict=True)
    ]
    lattice, strength = _choose(data, weights, typical, correlation, cuts)
    field = lattice.smooth(data, weights, strength)
    noise = _noise_samples(grid, correlation, typical)
    pull = np.repeat(weights, _SAMPLES, axis=3)
    noise = noise / np.sqrt(np.maximum(pull, 1e-6))
    spread = lattice.smooth(noise, pull, np.repeat(strength, _SAMPLES, axis=1), _ROUGH)
    gradient = np.stack([node_derivative(field, a, cuts) / spacing[a] for a in range(3)], axis=-1)
    slopes = np.stack([node_derivative(spread, a, cuts) / spacing[a] for a in range(3)], axis=-1)
    n = len(displacement)
    sigma = spread.reshape(n, 3, _SAMPLES).std(axis=2)
    gradient_sigma = slopes.reshape(n, 3, _SAMPLES, 3).std(axis=2)
    return Fit(
        displacement=field.reshape(n, 3) + middle,
        gradient=gradient.reshape(n, 3, 3),
        sigma=sigma,
        gradient_sigma=gradient_sigma,
        half_wavelength=2 * np.pi * strength.T ** (0.5 / lattice.order),
    )


def _choose(
    data: NDArray[np.float64],
    weights: NDArray[np.float64],
    variance: float,
    correlation: list[NDArray[np.float64]],
    cuts: NDArray[np.bool_] | None,
) -> tuple[Lattice, NDArray[np.float64]]:
    """Order and weights of the penalty; missing and poor nodes are filled from the fit so far."""
    lattices = [Lattice(data.shape[:3], order, cuts) for order in (2, 3)]
    trusted = weights > 0.5
    lattice, strength, full = lattices[1], np.full((3, 3), 0.01), data
    for _ in range(1 if trusted.all() else 3):
        if not trusted.all():
            full = np.where(trusted, data, lattice.smooth(data, weights, strength, _ROUGH))
        found = [(*choose_strength(a, full, variance, correlation), a) for a in lattices]
        strength, _, lattice = min(found, key=lambda c: c[1])
    return lattice, strength


def _noise_samples(
    grid: Triple, correlation: list[NDArray[np.float64]], variance: float
) -> NDArray[np.float64]:
    """Realisations of node errors with the correlation of overlapping windows."""
    samples: NDArray[np.float64] = np.random.default_rng(0).normal(
        0.0, np.sqrt(variance), (*grid, 3 * _SAMPLES)
    )
    for axis, matrix in enumerate(correlation):
        root = np.asarray(np.linalg.cholesky(matrix + 1e-9 * np.eye(len(matrix))), np.float64)
        samples = along(root, samples, axis)
    return samples

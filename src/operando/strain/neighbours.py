"""Robust local surfaces through the neighbours of every node of a grid."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

OFFSETS = np.array(list(product((-1, 0, 1), repeat=3)))
"""The 27 nodes of a 3 x 3 x 3 block, the centre at index 13."""

CENTRE = 13
_CHUNK = 4096


def neighbour_indices(grid_shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """``(N, 27)`` flat index of the nodes around each node, -1 beyond the grid."""
    n = int(np.prod(grid_shape))
    at = np.stack(np.unravel_index(np.arange(n), grid_shape), axis=1)[:, None] + OFFSETS
    inside = ((at >= 0) & (at < grid_shape)).all(axis=2)
    flat = np.ravel_multi_index(
        tuple(np.moveaxis(at.clip(0, np.array(grid_shape) - 1), 2, 0)), grid_shape
    )
    return np.where(inside, flat, -1)


def surface_terms(order: int) -> NDArray[np.float64]:
    """``(27, 4 or 10)`` monomials of the node offsets."""
    z, y, x = OFFSETS.T.astype(float)
    terms = [np.ones(27), z, y, x]
    if order == 2:
        terms += [z * z, y * y, x * x, z * y, z * x, y * x]
    return np.stack(terms, axis=1)


def _chunks(n: int) -> Iterator[slice]:
    for start in range(0, n, _CHUNK):
        yield slice(start, min(start + _CHUNK, n))


def predict_from_neighbours(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    *,
    order: int = 2,
    passes: int = 4,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Displacement of every node as its neighbours see it, the node itself left out.

    A surface of the given order is fitted to up to 26 neighbours with iteratively reweighted least
    squares, so that single wrong neighbours do not count.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)`` values and their variances.
    usable
        ``(N,)`` neighbours to trust.

    Returns
    -------
    prediction
        ``(N, 3)``; NaN with fewer than four usable neighbours.
    scale
        ``(N, 3)`` standard deviation of ``displacement - prediction`` to expect, from the
        variances, the fit and the scatter of the neighbours about the surface.
    """
    n = len(displacement)
    prediction, scale = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
    around = neighbour_indices(grid_shape)
    terms = np.delete(surface_terms(order), CENTRE, axis=0)
    # a weak pull keeps curvature at zero where too few neighbours are left to tell
    ridge = np.diag([1e-9] * 4 + [1e-2] * (terms.shape[1] - 4))
    for part in _chunks(n):
        near = np.delete(around[part], CENTRE, axis=1)
        there = (near >= 0) & usable[near]
        for axis in range(3):
            u = np.where(there, displacement[near, axis], 0.0)
            v = np.where(there, variance[near, axis], 1.0)
            fit, var, misfit = _robust_fit(terms, u, v, there, ridge, passes)
            own = variance[part, axis]
            prediction[part, axis] = fit
            scale[part, axis] = np.sqrt(np.where(np.isfinite(own), own, 0.0) + var + misfit)
        few = there.sum(axis=1) < 4
        prediction[part][few] = np.nan
        scale[part][few] = np.nan
    return prediction, scale


def _median(values: NDArray[np.float64], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Median along axis 1 of the values that are there, ``(n, 1)``; 0 where none is."""
    count = there.sum(axis=1, keepdims=True)
    ordered = np.sort(np.where(there, values, np.inf), axis=1)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[1] - 1), axis=1)
    return np.where(count > 0, 0.5 * (low + high), 0.0)


def _robust_fit(
    terms: NDArray[np.float64],
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    there: NDArray[np.bool_],
    ridge: NDArray[np.float64],
    passes: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Surface value at the centre, its variance, and the excess scatter, each ``(n,)``."""
    weights = there.astype(float)
    count = np.maximum(there.sum(axis=1), 1)
    shift = _median(values, there)
    for _ in range(passes):
        normal = np.einsum("nk,ki,kj->nij", weights, terms, terms) + ridge
        inverse = np.linalg.inv(normal)
        right = np.einsum("nk,ki,nk->ni", weights, terms, values - shift)
        c = np.einsum("nij,nj->ni", inverse, right)
        residual = values - shift - c @ terms.T
        spread = 1.4826 * _median(np.abs(residual), there)
        spread = spread * np.sqrt(count / np.maximum(count - 10, 0.3 * count))[:, None]
        reach = 4.0 * np.sqrt(spread**2 + variance)
        weights = np.where(there, np.exp(-((residual / reach) ** 2)), 0.0)
    noise = np.einsum("ni,ki->nk", inverse[:, 0], terms) * weights
    fit_variance = np.sum(noise**2 * variance, axis=1)
    typical = np.sum(weights * variance, axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    excess = np.maximum(spread[:, 0] ** 2 - typical, 0.0)
    return c[:, 0] + shift[:, 0], fit_variance, excess

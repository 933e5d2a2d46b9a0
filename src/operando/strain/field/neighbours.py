"""Robust local surfaces through the neighbours of every node of a grid."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK = 4096
_ENOUGH = 16


def block_offsets(radius: int = 1) -> NDArray[np.int64]:
    """Node offsets of a cubic block, the centre in the middle: ``((2 r + 1)**3, 3)``."""
    return np.array(list(product(range(-radius, radius + 1), repeat=3)))


def neighbour_indices(
    grid_shape: tuple[int, int, int],
    radius: int = 1,
    nodes: NDArray[np.integer[Any]] | None = None,
) -> NDArray[np.int64]:
    """Flat index of the nodes of the block around each node, -1 beyond the grid.

    Returns
    -------
    ``(N, 27)`` for radius 1, of all nodes or of those given.
    """
    wanted = np.arange(int(np.prod(grid_shape))) if nodes is None else nodes
    at = np.stack(np.unravel_index(wanted, grid_shape), axis=1)[:, None] + block_offsets(radius)
    inside = ((at >= 0) & (at < grid_shape)).all(axis=2)
    flat = np.ravel_multi_index(
        tuple(np.moveaxis(at.clip(0, np.array(grid_shape) - 1), 2, 0)), grid_shape
    )
    return np.where(inside, flat, -1)


def surface_terms(order: int, radius: int = 1) -> NDArray[np.float64]:
    """Monomials of the node offsets of a block, ``(27, 4 or 10)`` for radius 1."""
    z, y, x = block_offsets(radius).T.astype(float)
    terms = [np.ones_like(z), z, y, x]
    if order == 2:
        terms += [z * z, y * y, x * x, z * y, z * x, y * x]
    return np.stack(terms, axis=1)


def neighbour_mean(
    values: NDArray[np.float64],
    known: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    *,
    none: float = 0.0,
) -> NDArray[np.float64]:
    """Mean of ``(N, C)`` over the known ones of the 27 nodes around each; `none` without any."""
    around = neighbour_indices(grid_shape)
    there = (around >= 0) & known[around]
    count = there.sum(axis=1)[:, None]
    total = np.where(there[..., None], values[around], 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), none)


def predict_from_neighbours(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    *,
    rough: NDArray[np.bool_] | None = None,
    passes: int = 4,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Displacement of every node as its neighbours see it, the node itself left out.

    A quadratic surface is fitted to the 26 neighbours with iteratively reweighted least squares, so
    that single wrong neighbours do not count; where fewer than 16 are usable (faces, gaps) the
    block is 5 x 5 x 5.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)`` values and their variances.
    usable
        ``(N,)`` neighbours to trust.
    rough
        ``(N,)`` nodes where the motion is known to vary from node to node: there all neighbours
        make the scatter, not only those that most of them agree with.

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
    count = ((around >= 0) & usable[around]).sum(axis=1) - usable
    for radius, nodes in (
        (1, np.flatnonzero(count >= _ENOUGH)),
        (2, np.flatnonzero(count < _ENOUGH)),
    ):
        for start in range(0, len(nodes), _CHUNK):
            part = nodes[start : start + _CHUNK]
            prediction[part], scale[part] = _predict(
                part, displacement, variance, usable, grid_shape, radius, passes, rough
            )
    return prediction, scale


def _predict(
    nodes: NDArray[np.int64],
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    radius: int,
    passes: int,
    rough: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prediction and scale for some nodes from blocks of one size."""
    wild = np.zeros(len(nodes), bool) if rough is None else rough[nodes]
    terms = surface_terms(2, radius)
    centre = len(terms) // 2
    terms = np.delete(terms, centre, axis=0)
    near = np.delete(neighbour_indices(grid_shape, radius, nodes), centre, axis=1)
    there = (near >= 0) & usable[near]
    # a weak pull keeps curvature at zero where too few neighbours are left to tell
    ridge = np.diag([1e-9] * 4 + [1e-2] * (terms.shape[1] - 4))
    prediction, scale = np.empty((len(nodes), 3)), np.empty((len(nodes), 3))
    for axis in range(3):
        u = np.where(there, displacement[near, axis], 0.0)
        v = np.where(there, variance[near, axis], 1.0)
        fit, var, misfit = _robust_fit(terms, u, v, there, ridge, passes, wild)
        own = variance[nodes, axis]
        prediction[:, axis] = fit
        scale[:, axis] = np.sqrt(np.where(np.isfinite(own), own, 0.0) + var + misfit)
    few = there.sum(axis=1) < 4
    prediction[few] = np.nan
    scale[few] = np.nan
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
    rough: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Surface value at the centre, its variance, and the excess scatter, each ``(n,)``."""
    weights = there.astype(float)
    count = np.maximum(there.sum(axis=1), 1)
    shift = _median(values, there)
    size = terms.shape[1]
    products = (terms[:, :, None] * terms[:, None]).reshape(len(terms), size * size)
    for _ in range(passes):
        normal = (weights @ products).reshape(-1, size, size) + ridge
        inverse = np.linalg.inv(normal)
        right = (weights * (values - shift)) @ terms
        c = np.einsum("nij,nj->ni", inverse, right)
        residual = values - shift - c @ terms.T
        spread = 1.4826 * _median(np.abs(residual), there)
        spread = spread * np.sqrt(count / np.maximum(count - 10, 0.3 * count))[:, None]
        reach = 4.0 * np.sqrt(spread**2 + variance)
        weights = np.where(there, np.exp(-((residual / reach) ** 2)), 0.0)
    noise = np.einsum("ni,ki->nk", inverse[:, 0], terms) * weights
    fit_variance = np.sum(noise**2 * variance, axis=1)
    typical = np.sum(weights * variance, axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    scatter = spread[:, 0] ** 2
    all_of_them = np.sum(np.where(there, residual, 0.0) ** 2, axis=1) / np.maximum(count - 10, 1)
    scatter = np.where(rough, np.maximum(scatter, all_of_them), scatter)
    excess = np.maximum(scatter - typical, 0.0)
    return c[:, 0] + shift[:, 0], fit_variance, excess

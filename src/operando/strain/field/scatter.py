"""Whether neighbouring points agree as well as their predicted errors say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.spread import robust_sigma
from operando.strain.field.neighbours import block_offsets, neighbour_indices, surface_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import DisplacementField

SURFACES = ((2, 16), (1, 8))
"""Order of the surface, and neighbours that it needs; planes where few nodes have many."""

INTERPOLATION_ERROR = 1e-3
"""Voxels by which displacements differ in images without noise; less tells nothing."""

ENOUGH_NODES = 20
RIDGE = 1e-6
_CHUNK = 4096
_SMALLEST = 1e-12


@dataclass(frozen=True)
class SurfaceDistance:
    """How far nodes lie from the surfaces through their neighbours.

    ``nodes (n,)`` that have enough neighbours; ``square (n, 3)`` of the distance, and what is
    ``expected (n, 3)`` of it from the errors.
    """

    nodes: NDArray[np.int64]
    square: NDArray[np.float64]
    expected: NDArray[np.float64]


def neighbour_scatter(field: DisplacementField) -> float:
    """How far points lie from the surface through their neighbours, over what is predicted.

    A predicted error is a guess from the grey values in one window; this is seen from outside. A
    field that bends within two or three nodes raises the ratio too, though it may be right.

    Returns
    -------
    Robust standard deviation of the ratios over nodes and components, about 1 for a good field;
    NaN with fewer than 20 nodes that have 8 valid neighbours.
    """
    variance = np.asarray(field.sigma, np.float64) ** 2
    displacement = np.asarray(field.displacement, np.float64)
    found = surface_distance(
        displacement, variance, field.valid, field.grid_shape, field.spacing, field.window
    )
    if len(found.nodes) < ENOUGH_NODES:
        return float("nan")
    ratios = np.sqrt(found.square / np.maximum(found.expected, INTERPOLATION_ERROR**2))
    return robust_sigma(np.concatenate([ratios, -ratios]))


def surface_distance(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    valid: NDArray[np.bool_],
    grid: tuple[int, int, int],
    spacing: Sequence[float],
    window: Sequence[int],
) -> SurfaceDistance:
    """Compare every node with a surface through its neighbours, itself left out.

    Around every valid node a quadratic surface (in sparse fields a plane) is fitted to the valid
    ones of its 26 neighbours, weighted by their predicted errors. Errors of windows that overlap
    are taken to be as alike as the share of voxels they have in common, whether they come from
    noise or from motion inside the window: close nodes agree although they are wrong.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)``.
    valid
        ``(N,)``.
    spacing, window
        Voxels ``(z, y, x)``.
    """
    around = np.delete(neighbour_indices(grid), 13, axis=1)
    there = (around >= 0) & valid[around]
    order, nodes = _well_surrounded(valid, there)
    terms = np.delete(surface_terms(order), 13, axis=0)
    alike = _shared_voxels(spacing, window)
    square, expected = np.empty((len(nodes), 3)), np.empty((len(nodes), 3))
    for start in range(0, len(nodes), _CHUNK):
        part = slice(start, start + _CHUNK)
        own = nodes[part]
        near, known = around[own], there[own]
        for axis in range(3):
            spread = variance[near, axis]
            pull = _influence(terms, np.where(known, spread, np.inf))
            weights = np.concatenate([np.ones((len(own), 1)), -pull], axis=1)
            values = np.where(known, displacement[near, axis], 0.0)
            square[part, axis] = (displacement[own, axis] - (pull * values).sum(axis=1)) ** 2
            spread = np.concatenate([variance[own, axis, None], np.where(known, spread, 0)], axis=1)
            weights *= np.sqrt(spread)
            expected[part, axis] = ((weights @ alike) * weights).sum(axis=1)
    return SurfaceDistance(nodes, square, expected)


def _well_surrounded(
    valid: NDArray[np.bool_], there: NDArray[np.bool_]
) -> tuple[int, NDArray[np.int64]]:
    """Highest order for which enough nodes have the neighbours that it needs, and these nodes."""
    counts = there.sum(axis=1)
    choices = [(order, np.flatnonzero(valid & (counts >= enough))) for order, enough in SURFACES]
    return next((each for each in choices if len(each[1]) >= ENOUGH_NODES), choices[-1])


def _shared_voxels(spacing: Sequence[float], window: Sequence[int]) -> NDArray[np.float64]:
    """Share of the voxels that windows of a block have in common, ``(27, 27)``, the centre first.

    It is the correlation of the means of anything uncorrelated over these windows.
    """
    offsets = block_offsets()
    offsets = np.concatenate([offsets[13:14], np.delete(offsets, 13, axis=0)])
    away = np.abs(offsets[:, None] - offsets) * np.divide(spacing, window)
    return np.asarray(np.maximum(1 - away, 0).prod(axis=-1))


def _influence(terms: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of every neighbour in the surface's value at the centre, ``(n, 26)``."""
    weight = 1 / np.maximum(variance, _SMALLEST)
    weight /= weight.max(axis=1, keepdims=True)
    normal = np.einsum("nk,ki,kj->nij", weight, terms, terms) + RIDGE * np.eye(terms.shape[1])
    gain = np.linalg.solve(normal, np.eye(terms.shape[1])[None, :, :1])[..., 0]
    return np.asarray(np.einsum("ni,ki->nk", gain, terms) * weight)

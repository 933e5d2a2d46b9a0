"""Whether neighbouring points agree as well as their predicted errors say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.compute.spread import robust_sigma
from operando.strain.neighbours import neighbour_indices, surface_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import DisplacementField

SURFACES = ((2, 16), (1, 8))
"""Order of the surface, and neighbours that it needs; planes where few nodes have many."""

ENOUGH_NODES = 20
RIDGE = 1e-6


def neighbour_scatter(field: DisplacementField) -> float:
    """How far points lie from the surface through their neighbours, over what is predicted.

    Predicted errors come from grey values inside a window and cannot know of motion that no
    smooth field inside a window describes: particles that turn or slide on their own. Such motion
    differs from one window to the next. Around every valid node a quadratic surface (in sparse
    fields a plane) is fitted to the valid ones of its 26 neighbours, the node itself left out; the
    distance of the node from it is divided by its predicted standard deviation, that of the
    surface included.

    Windows that overlap share noise, so that a good field gives about 1 or a little less. A field
    that bends within two or three nodes raises the ratio too, though it may be right.

    Returns
    -------
    Robust standard deviation of these ratios over nodes and components; NaN with fewer than 20
    nodes that have 8 valid neighbours.
    """
    valid = field.valid
    around = np.delete(neighbour_indices(field.grid_shape), 13, axis=1)
    there = (around >= 0) & valid[around]
    order, nodes = _well_surrounded(valid, there)
    if len(nodes) < ENOUGH_NODES:
        return float("nan")
    terms = np.delete(surface_terms(order), 13, axis=0)
    near, known = around[nodes], there[nodes]
    variance = np.asarray(field.sigma, np.float64) ** 2
    ratios = [
        _ratios(
            terms,
            np.where(known, field.displacement[near, axis], 0.0),
            np.where(known, variance[near, axis], np.inf),
            np.asarray(field.displacement[nodes, axis], np.float64),
            variance[nodes, axis],
        )
        for axis in range(3)
    ]
    return robust_sigma(np.concatenate(ratios))


def _well_surrounded(
    valid: NDArray[np.bool_], there: NDArray[np.bool_]
) -> tuple[int, NDArray[np.int64]]:
    """Highest order for which enough nodes have the neighbours that it needs, and these nodes."""
    counts = there.sum(axis=1)
    choices = [(order, np.flatnonzero(valid & (counts >= enough))) for order, enough in SURFACES]
    return next((each for each in choices if len(each[1]) >= ENOUGH_NODES), choices[-1])


def _ratios(
    terms: NDArray[np.float64],
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    own: NDArray[np.float64],
    own_variance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Distance from the surface over its standard deviation, ``(n,)``."""
    weight = 1 / np.maximum(variance, 1e-12)
    weight /= weight.max(axis=1, keepdims=True)
    normal = np.einsum("nk,ki,kj->nij", weight, terms, terms) + RIDGE * np.eye(terms.shape[1])
    gain = np.linalg.solve(normal, np.eye(terms.shape[1])[None, :, :1])[..., 0]
    influence = np.einsum("ni,ki->nk", gain, terms) * weight
    surface = np.einsum("nk,nk->n", influence, values)
    spread = np.einsum("nk,nk->n", influence**2, np.where(np.isfinite(variance), variance, 0.0))
    return np.asarray((own - surface) / np.sqrt(np.maximum(own_variance + spread, 1e-12)))

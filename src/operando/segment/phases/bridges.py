"""Gaps of a thin phase, closed along the most probable path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from operando.segment.phases.pieces import Pieces

    Triple = tuple[float, float, float]

_PER_VOXEL = 0.01
_PASSABLE = 0.25


@dataclass(frozen=True)
class Bridge:
    """The most probable path between two pieces of a phase.

    Parameters
    ----------
    ends
        The two pieces, counted from 0.
    voxels
        ``(n, 3)`` voxels ``(z, y, x)`` between them.
    cost
        Sum of ``-log p`` times the voxel edge along it.
    gap
        Straight distance that it spans, in the unit of the spacing: n voxel edges where n voxels
        in a row are missing.
    probability
        Mean probability of the phase along it.
    """

    ends: tuple[int, int]
    voxels: NDArray[np.int64]
    cost: float
    gap: float
    probability: float


def find_bridges(
    pieces: Pieces,
    probability: Any,
    *,
    spacing: Triple,
    longest: float,
    least_probability: float,
) -> list[Bridge]:
    """Find the bridges that join pieces of a phase.

    Between every two pieces that come near each other the cheapest path through faces of voxels
    is looked for, its cost the sum of ``-log p``. Of the paths that span at most `longest`, and
    along which the phase has at least `least_probability` in the mean, the cheapest are taken, one
    after the other, that join pieces which are not joined yet. Voxels that are less than a quarter
    as probable are not entered. Only a slab and its surroundings are in memory at a time.

    Parameters
    ----------
    pieces
        Of the phase alone.
    probability
        ``(Z, Y, X)`` uint8, 0 to 255, of the phase.
    spacing
        Voxel ``(z, y, x)``.
    longest
        In the unit of the spacing.
    least_probability
        0 to 1.
    """
    best: dict[tuple[int, int], Bridge] = {}
    for z, end in pieces.slabs():
        for bridge in _across(pieces, probability, (z, end), spacing, longest, least_probability):
            if bridge.ends not in best or bridge.cost < best[bridge.ends].cost:
                best[bridge.ends] = bridge
    fitting = (b for b in best.values() if b.gap <= longest and b.probability >= least_probability)
    return _needed(sorted(fitting, key=lambda b: b.cost), len(pieces.sizes))


def _needed(bridges: Iterable[Bridge], n: int) -> list[Bridge]:
    """Bridges in their order, without those whose ends are joined already."""
    from scipy.cluster.hierarchy import DisjointSet

    joined = DisjointSet(range(n))
    return [bridge for bridge in bridges if joined.merge(*bridge.ends)]


def _across(
    pieces: Pieces,
    probability: Any,
    slab: tuple[int, int],
    spacing: Triple,
    longest: float,
    least_probability: float,
) -> Iterator[Bridge]:
    """Cheapest path between every two pieces whose middle lies in a slab."""
    from scipy.ndimage import distance_transform_edt
    from scipy.sparse.csgraph import dijkstra

    halo = int(np.ceil(longest / spacing[0])) + 2
    low, high = max(0, slab[0] - halo), min(pieces.shape[0], slab[1] + halo)
    ids = pieces.read(low, high)
    if not ids.any():
        return
    share = np.asarray(probability[low:high]).astype(np.float32) / 255
    free = (ids == 0) & (share >= _PASSABLE * least_probability)
    free &= distance_transform_edt(ids == 0, sampling=spacing) <= longest / 2 + max(spacing)
    cost = np.where(ids > 0, 0, _PER_VOXEL - np.log(np.maximum(share, 1e-6)))
    graph, places = _graph(ids, free, cost, spacing)
    piece = ids[tuple(places.T)]
    sources = np.flatnonzero(piece)
    if not len(sources):
        return
    distance, before, source = dijkstra(
        graph, directed=False, indices=sources, min_only=True, return_predecessors=True
    )
    edges = graph.tocoo()
    u, v = edges.row, edges.col
    reached = np.isfinite(distance[u]) & np.isfinite(distance[v])
    in_slab = (places[u, 0] + low >= slab[0]) & (places[u, 0] + low < slab[1])
    u, v, step = (a[reached & in_slab] for a in (u, v, edges.data))
    ends = np.sort(np.stack([piece[source[u]], piece[source[v]]], axis=1), axis=1) - 1
    total = distance[u] + step + distance[v]
    order = np.argsort(total, kind="stable")
    order = order[ends[order, 0] != ends[order, 1]]
    _, first = np.unique(ends[order], axis=0, return_index=True)
    for k in order[first]:
        path = np.array([*_back(before, u[k])[::-1], *_back(before, v[k])])
        inner = places[path[1:-1]]
        steps = places[path[-1]] - places[path[0]]
        length = np.linalg.norm(steps * spacing)
        yield Bridge(
            (int(ends[k, 0]), int(ends[k, 1])),
            inner + np.array([low, 0, 0]),
            float(total[k]),
            float(length * (1 - 1 / np.abs(steps).max())),
            float(share[tuple(inner.T)].mean()),
        )


def _graph(
    ids: NDArray[np.int32],
    free: NDArray[np.bool_],
    cost: NDArray[np.floating[Any]],
    spacing: Triple,
) -> tuple[Any, NDArray[np.int64]]:
    """Faces between free voxels, and between these and the phase, with what it costs to cross.

    Returns
    -------
    The graph as a CSR array, and the voxels ``(n, 3)`` of its nodes.
    """
    from scipy.ndimage import binary_dilation
    from scipy.sparse import coo_array

    node = free | ((ids > 0) & binary_dilation(free))
    places = np.argwhere(node)
    number = np.full(ids.shape, -1, np.int32)
    number[tuple(places.T)] = np.arange(len(places))
    rows, columns, steps = [], [], []
    for axis, edge in enumerate(spacing):
        here, there = (
            tuple(part if k == axis else slice(None) for k in range(3))
            for part in (slice(None, -1), slice(1, None))
        )
        open_ = node[here] & node[there] & (free[here] | free[there])
        rows.append(number[here][open_])
        columns.append(number[there][open_])
        steps.append(edge * (cost[here][open_] + cost[there][open_]) / 2)
    entries = np.concatenate(steps), (np.concatenate(rows), np.concatenate(columns))
    return coo_array(entries, shape=(len(places),) * 2).tocsr(), places


def _back(before: NDArray[np.integer[Any]], node: int) -> list[int]:
    """Nodes from one back to the piece that it was reached from."""
    path = [int(node)]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path

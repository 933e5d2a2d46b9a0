"""Part the solid where a network sees particles end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

from operando.particles.fragments import fuse_bumps
from operando.particles.guided import join_bumps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.body import Box
    from operando.particles.cells import Cells
    from operando.particles.ground import Ground
    from operando.particles.interior import Interior

BUMP = 0.9
"""A pass of the depth this high, relative to the lower peak, lies within one piece."""

NECK = 0.55
"""A pass this high lies within one particle."""

NECK_RANGE = 0.25
"""By how much the setting `separation` moves `NECK` at most."""

APART = 0.95
"""A pass this high is needed to join what is known to be two particles."""


def depth_map(ground: Ground, interior: Interior, box: Box) -> NDArray[np.float32]:
    """How deep in its particle every voxel of a block lies; below 0 in gaps."""
    depth = interior.depth(box)
    _lead_to_solid(depth, ground.solid, interior.inside(box), ground.outside, ground.typical)
    return depth


def join_by_depth(cells: Cells, separation: float) -> NDArray[np.int32]:
    """Join cells where the depth in the particle is high on the way from one to the other.

    Pieces of one known particle that still touch stay together, also across a crack.

    Parameters
    ----------
    cells
        Of a `depth_map`.
    separation
        As in `SplitSettings`.

    Returns
    -------
    ``(N + 1,)`` for every cell the particle, 1 to P.
    """
    parts = join_bumps(cells, BUMP)
    a, b = parts.known[parts.graph.pairs].T
    told = (a > 0) & (b > 0)
    middle = NECK + NECK_RANGE * (2 * separation - 1)
    needed = np.where(told & (a != b), APART, middle)
    names, _ = fuse_bumps(parts.peaks, parts.graph, needed)
    names = _joined(names, names[parts.graph.pairs[told & (a == b)]])
    return names[parts.names]


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _lead_to_solid(depth: Any, solid: Any, inside: Any, outside: Any, typical: Any) -> None:
    """Let the way up lead to the nearest solid where there is neither solid nor a particle."""
    for z in prange(depth.shape[0]):
        for y in range(depth.shape[1]):
            for x in range(depth.shape[2]):
                if not (solid[z, y, x] or inside[z, y, x]):
                    depth[z, y, x] = -outside[z, y, x] / typical


def _joined(names: NDArray[np.int32], pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the same name to both of each pair."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = int(names.max()) + 1
    edges = coo_matrix((np.ones(len(pairs), bool), pairs.T), (n, n))
    return np.asarray(connected_components(edges, directed=False)[1], np.int32)[names]

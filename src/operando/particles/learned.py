"""Part the solid where a network sees particles end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import Stopwatch
    from operando.particles.ground import Ground

BUMP = 0.9
"""A pass of the depth this high, relative to the lower peak, lies within one piece."""

NECK = 0.55
"""A pass this high lies within one particle."""

NECK_RANGE = 0.25
"""By how much the setting `separation` moves `NECK` at most."""

APART = 0.95
"""A pass this high is needed to join what is known to be two particles."""


def by_depth(
    ground: Ground, separation: float, watch: Stopwatch, guide: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Part the solid by how deep in its particle every voxel lies (`operando.particles.interior`).

    Pieces of one known particle that still touch stay together, also across a crack.

    Parameters
    ----------
    ground
        What is to be parted.
    separation
        As in `SplitSettings`.
    watch
        Advanced by one.
    guide
        ``(Z, Y, X)`` ids of particles that are expected here.

    Returns
    -------
    ``(Z, Y, X)`` labels up to half a crack width from the solid.
    """
    from operando.particles.basins import rename, touching
    from operando.particles.fragments import fuse_bumps
    from operando.particles.guided import guided_basins
    from operando.particles.interior import interior

    depth, inside = interior(ground.solid, ground.typical, ground.spacing, lambda: watch.advance(0))
    _lead_to_solid(depth, ground.solid, inside, ground.outside, ground.typical)
    labels, depths, known = guided_basins(depth, ground.near, ground.spacing, BUMP, guide)
    graph = touching(labels, depth, ground.spacing)
    a, b = known[graph.pairs].T
    told = (a > 0) & (b > 0)
    middle = NECK + NECK_RANGE * (2 * separation - 1)
    names, _ = fuse_bumps(depths, graph, np.where(told & (a != b), APART, middle))
    names = _joined(names, names[graph.pairs[told & (a == b)]])
    watch.advance()
    return rename(labels, names)


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

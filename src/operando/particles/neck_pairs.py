"""Pairs of touching parts, and whether they are one particle, drawn from particles that are known.

`operando.particles.necks` joins parts by a rule; this is what such a rule is fitted to, whether
the particles are known because they were made (``tools/fit_joining.py``) or because a user
corrected them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.particles.basins import rename
from operando.particles.cells import find_cells, gather
from operando.particles.ground import survey, to_surface, typical_diameter
from operando.particles.guided import join_bumps
from operando.particles.interior import look_inside
from operando.particles.learned import BUMP, depth_map
from operando.particles.necks import FEATURES, connect, describe_necks, joined_parts
from operando.particles.scores import overlaps
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.particles.guided import Parts

STAGES = (0.0, 0.4, 0.8, 1.0)
"""Share of the joins that are right that have been made when pairs are drawn."""

PURE = 0.7
"""Share of a part that must lie in one particle for the part to tell anything."""


@dataclass(frozen=True)
class NeckPairs:
    """Parts that touch.

    Parameters
    ----------
    features
        ``(E, F)`` of `operando.particles.necks.FEATURES`.
    together
        ``(E,)`` whether both are of the same particle.
    particles
        ``(E, 2)`` ids of the particles that hold them.
    """

    features: NDArray[np.float64]
    together: NDArray[np.bool_]
    particles: NDArray[np.int64]

    @classmethod
    def chained(cls, pairs: Sequence[NeckPairs]) -> NeckPairs:
        """Put pairs of several volumes one after the other."""
        return cls(
            np.concatenate([np.empty((0, len(FEATURES))), *(p.features for p in pairs)]),
            np.concatenate([np.empty(0, bool), *(p.together for p in pairs)]),
            np.concatenate([np.empty((0, 2), np.int64), *(p.particles for p in pairs)]),
        )


def find_parts(
    solid: NDArray[np.bool_],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
) -> tuple[NDArray[np.int32], Parts, float]:
    """Cut a solid into the parts that `operando.particles.split` joins to particles.

    Parameters
    ----------
    solid
        ``(Z, Y, X)``.
    spacing
        Voxel size ``(z, y, x)``.
    settings
        Crack width and smoothing.

    Returns
    -------
    labels
        ``(Z, Y, X)`` number of the part, 0 in gaps.
    parts
        All of them.
    typical
        Typical diameter of the particles.
    """
    typical = typical_diameter(to_surface(solid, spacing), solid)
    ground = survey(solid, spacing, settings or SplitSettings(), typical)
    (tile,) = plan_tiles(solid.shape, solid.shape)
    seen = look_inside(lambda box: solid[box], solid.shape, typical, spacing)
    z, y, x = tile.core
    height = depth_map(ground, seen, (z, y, x))
    labels, cells = find_cells(
        height, ground.outside, ground.near, None, spacing, tile, solid.shape
    )
    names, cells = gather([cells], [tile], labels)
    parts = join_bumps(cells, BUMP)
    return np.where(solid, rename(labels, parts.names[names]), 0), parts, typical


def owners(labels: NDArray[np.int32], ids: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Particle ``(count,)`` that holds most of each label; 0 where none does."""
    label, particle, common = overlaps(labels, ids)
    total = np.bincount(label, common, count)
    pure = (particle > 0) & (label > 0) & (common > PURE * total[label])
    out = np.zeros(count, np.int64)
    out[label[pure]] = particle[pure]
    return out


def draw_pairs(
    parts: Parts,
    own: NDArray[np.int64],
    voxel: float,
    typical: float,
    rng: np.random.Generator,
) -> NeckPairs:
    """Draw pairs at several stages of joining, as the rule meets them.

    Parameters
    ----------
    parts
        Not joined yet.
    own
        ``(P + 1,)`` particle that holds each, 0 if none is known: see `owners`.
    voxel
        Volume of a voxel.
    typical
        Typical diameter of the particles.
    rng
        Chooses which joins have been made.
    """
    drawn = []
    for stage in STAGES:
        a, b = parts.graph.pairs.T
        right = np.flatnonzero((own[a] > 0) & (own[a] == own[b]))
        right = rng.permutation(right)[: round(stage * len(right))]
        names = connect(len(parts.peaks), parts.graph.pairs[right])
        merged = np.zeros(int(names.max()) + 1, np.int64)
        merged[names] = own
        own, parts = merged, joined_parts(parts, names)
        ends = own[parts.graph.pairs]
        known = (ends > 0).all(axis=1)
        features = describe_necks(parts, voxel, typical)[known]
        drawn.append(NeckPairs(features, ends[known, 0] == ends[known, 1], ends[known]))
    return NeckPairs.chained(drawn)

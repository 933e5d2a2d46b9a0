"""Pairs of touching parts, and whether they are one particle, drawn from particles that are known.

`operando.particles.joining.necks` joins parts by a rule; this is what such a rule is fitted to,
whether the particles are known because they were made (``tools/fit_joining.py``) or because a user
corrected them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.particles.joining.necks import FEATURES, connect, describe_necks, joined_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.particles.joining.guided import Parts

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
        ``(E, F)`` of `operando.particles.joining.necks.FEATURES`.
    together
        ``(E,)`` whether both are of the same particle.
    particles
        ``(E, 2)`` ids of the particles that hold them.
    """

    features: NDArray[np.float64]
    together: NDArray[np.bool_]
    particles: NDArray[np.int64]

    def where(self, kept: NDArray[np.bool_]) -> NeckPairs:
        """Return some of them; `kept` is ``(E,)``."""
        return NeckPairs(self.features[kept], self.together[kept], self.particles[kept])

    @classmethod
    def chained(cls, pairs: Sequence[NeckPairs]) -> NeckPairs:
        """Put pairs of several volumes one after the other."""
        return cls(
            np.concatenate([np.empty((0, len(FEATURES))), *(p.features for p in pairs)]),
            np.concatenate([np.empty(0, bool), *(p.together for p in pairs)]),
            np.concatenate([np.empty((0, 2), np.int64), *(p.particles for p in pairs)]),
        )


def owners(
    shared: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]], count: int
) -> NDArray[np.int64]:
    """Particle ``(count,)`` that holds most of each part; 0 where none does.

    Parameters
    ----------
    shared
        For every block parts, particles and how many voxels each pair shares: see
        `operando.particles.labels.sums.overlaps`.
    count
        Of parts, with 0 for none.
    """
    part, particle, voxels = np.concatenate([np.stack(block) for block in shared], axis=1)
    width = int(particle.max(initial=0)) + 1
    keys, where = np.unique(part * width + particle, return_inverse=True)
    common, total = np.bincount(where, voxels), np.bincount(part, voxels, count)
    part, particle = keys // width, keys % width
    pure = (particle > 0) & (part > 0) & (common > PURE * total[part])
    out = np.zeros(count, np.int64)
    out[part[pure]] = particle[pure]
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

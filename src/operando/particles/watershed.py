"""Part the solid at the necks of its distance map, and join what fits together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import Stopwatch
    from operando.particles.fragments import Border, Piece
    from operando.particles.ground import Ground

BUMP = 0.97
"""A pass this high, relative to the lower peak, lies within one piece."""

CAUTION = 4.0
"""Log odds that the setting `separation` spans to either side."""

TRUST = 3.0
"""Log odds for joining pieces of the same known particle, and against those of two."""

BIAS = 1.0
"""Log odds in favour of joining: a piece too many costs a particle just as one too few."""


def by_distance(
    ground: Ground, separation: float, watch: Stopwatch, guide: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Part the solid at the necks of its distance map, and join what fits together.

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
    from operando.particles.basins import rename
    from operando.particles.fragments import join_pieces
    from operando.particles.joining import describe_fit, shipped_rule

    labels, pieces = find_pieces(ground, guide)
    watch.advance(message="Joining pieces")
    rule = shipped_rule()
    bias = CAUTION * (1 - 2 * separation) + BIAS

    def score(a: Piece, b: Piece, border: Border) -> float:
        known = 0.0
        if a.guide and b.guide:
            known = TRUST if a.guide == b.guide else -TRUST
        return float(rule.score(describe_fit(a, b, border, ground.typical))) + bias + known

    owners = join_pieces(pieces, score, lambda: watch.advance(0))
    names = np.zeros(int(labels.max()) + 1, np.int32)
    names[list(owners)] = list(owners.values())
    return rename(labels, names)


def find_pieces(
    ground: Ground, guide: NDArray[np.int32] | None = None
) -> tuple[NDArray[np.int32], dict[int, Piece]]:
    """Cut the solid into basins of its distance map, bumps joined, and along the guide."""
    from operando.particles.basins import touching
    from operando.particles.fragments import make_pieces
    from operando.particles.guided import guided_basins

    height = ground.height()
    labels, peaks, known = guided_basins(height, ground.near, ground.spacing, BUMP, guide)
    graph = touching(labels, height, ground.spacing)
    pieces = make_pieces(np.where(ground.solid, labels, 0), peaks, graph, ground.spacing)
    for label, piece in pieces.items():
        piece.guide = int(known[label])
    return labels, pieces

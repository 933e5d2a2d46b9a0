"""Part the solid at the necks of its distance map, and join what fits together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.particles.joining.fit import CLEAN_CUT, describe_fit, fits_cleanly, shipped_rule
from operando.particles.joining.fragments import join_pieces, make_pieces
from operando.particles.joining.guided import join_bumps
from operando.particles.labels.names import rename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from operando.particles.cutting.cells import Cells
    from operando.particles.joining.fragments import Block, Border, Piece

BUMP = 0.97
"""A pass this high, relative to the lower peak, lies within one piece."""

CAUTION = 4.0
"""Log odds that the setting `separation` spans to either side."""

TRUST = 3.0
"""Log odds for joining pieces of the same known particle, and against those of two."""

BIAS = 1.0
"""Log odds in favour of joining: a piece too many costs a particle just as one too few."""


def join_by_fit(
    cells: Cells,
    blocks: Iterable[Block],
    spacing: tuple[float, float, float],
    typical: float,
    separation: float,
) -> NDArray[np.int32]:
    """Join cells of the distance to the surface that fit together like parts of a broken body.

    Parameters
    ----------
    cells
        Of the whole volume.
    blocks
        Where the cells are; see `find_pieces`.
    spacing
        Voxel size ``(z, y, x)``.
    typical
        Typical diameter.
    separation
        As in `SplitSettings`.

    Returns
    -------
    ``(N + 1,)`` for every cell the particle.
    """
    names, pieces = find_pieces(cells, blocks, spacing)
    rule = shipped_rule()
    bias = CAUTION * (1 - 2 * separation) + BIAS

    def score(a: Piece, b: Piece, border: Border) -> float:
        known = 0.0
        if a.guide and b.guide:
            known = TRUST if a.guide == b.guide else -TRUST
        fit = describe_fit(a, b, border, typical)
        return float(rule.score(fit) + CLEAN_CUT * fits_cleanly(fit)) + bias + known

    owners = join_pieces(pieces, score)
    owner = np.zeros(int(names.max(initial=0)) + 1, np.int32)
    owner[list(owners)] = list(owners.values())
    return owner[names]


def find_pieces(
    cells: Cells, blocks: Iterable[Block], spacing: tuple[float, float, float]
) -> tuple[NDArray[np.int32], dict[int, Piece]]:
    """Join the bumps of the distance map to pieces, and outline what is solid of each.

    Parameters
    ----------
    cells
        Of the whole volume.
    blocks
        ``(Z, Y, X)`` numbers of the solid's cells, 0 elsewhere, and the voxel of the volume where
        each block begins; blocks do not overlap.
    spacing
        Voxel size ``(z, y, x)``.

    Returns
    -------
    ``(N + 1,)`` for every cell the piece, and the pieces.
    """
    parts = join_bumps(cells, BUMP)
    named = ((rename(labels, parts.names), corner) for labels, corner in blocks)
    pieces = make_pieces(named, parts.peaks, parts.graph, spacing)
    for label, piece in pieces.items():
        piece.guide = int(parts.known[label])
    return parts.names, pieces

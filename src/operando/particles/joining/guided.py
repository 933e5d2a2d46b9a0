"""Join the bumps of one piece, and cut pieces along particles that are known already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.cutting.basin_graph import BasinGraph
    from operando.particles.cutting.cell_shapes import CellShapes
    from operando.particles.cutting.cells import Cells

SHARE = 0.35
"""Share of a piece that must lie in a known particle for the piece to be divided along it."""


@dataclass(frozen=True)
class Parts:
    """What cells were joined to, as far as that is certain.

    Parameters
    ----------
    names
        ``(N + 1,)`` for every cell the part, 1 to P.
    peaks
        ``(P + 1,)``.
    count
        ``(P + 1,)`` voxels.
    known
        ``(P + 1,)`` the expected particle of every part, 0 if none.
    shapes
        ``P + 1`` of their solid.
    graph
        Of the parts.
    """

    names: NDArray[np.int32]
    peaks: NDArray[np.float32]
    count: NDArray[np.int64]
    known: NDArray[np.int32]
    shapes: CellShapes
    graph: BasinGraph


def join_bumps(cells: Cells, bump: float) -> Parts:
    """Join basins that are bumps of one piece, then divide pieces along the guide.

    Parameters
    ----------
    cells
        Of the whole volume.
    bump
        A pass this high, relative to the lower peak, lies within one piece.
    """
    from operando.particles.cutting.basin_graph import contract
    from operando.particles.joining.fragments import fuse_bumps

    basin = np.concatenate([[0], cells.basin]).astype(np.int32)
    fused, peaks = fuse_bumps(cells.peaks, contract(cells.graph, basin), bump)
    pieces = fused[basin]
    names, parent, known = divide(pieces[1:], cells.known, cells.count)
    count = np.bincount(names[1:], cells.count, len(parent)).astype(np.int64)
    shapes = cells.shapes.joined(names[1:], len(parent))
    return Parts(names, peaks[parent], count, known, shapes, contract(cells.graph, names))


def divide(
    pieces: NDArray[np.int32], known: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Divide pieces that reach well into several known particles.

    Parameters
    ----------
    pieces, known, counts
        ``(N,)`` for every cell the piece that it belongs to, the known particle that it lies in
        (0 for none) and its voxels.

    Returns
    -------
    names
        ``(N + 1,)`` for every cell the new piece; what lies in no known particle, or in one that
        holds only a small share of the piece, goes with the largest part that does.
    parent
        ``(P + 1,)`` the old piece of every new one.
    known
        ``(P + 1,)`` the known particle that it lies in, 0 if none.
    """
    width = int(known.max(initial=0)) + 1
    keys, pair = np.unique(pieces.astype(np.int64) * width + known, return_inverse=True)
    piece, particle = keys // width, keys % width
    count = np.bincount(pair, counts, len(keys))
    size = np.bincount(piece, count)
    own = (particle > 0) & (count >= SHARE * size[piece])
    order = np.lexsort((-count, ~own, piece))
    main = order[np.unique(piece[order], return_index=True)[1]]
    own[main] = True
    names = np.cumsum(own) * own
    main_of = np.zeros(len(size), np.int64)
    main_of[piece[main]] = names[main]
    names = np.where(own, names, main_of[piece])
    parent = np.concatenate([[0], piece[own]]).astype(np.int32)
    told = np.concatenate([[0], particle[own]]).astype(np.int32)
    return np.concatenate([[0], names[pair]]).astype(np.int32), parent, told

"""The smallest parts that a solid is cut into, block by block, and which of them touch.

Every voxel climbs its height map to a summit; what climbs to the same summit is a basin. A cell
is a basin, or the part of a basin that lies in one particle known from the frame before. Summits
go by their place in the whole volume, so that a basin is the same one in every block that sees a
part of it. Once all cells are known, particles are joined from them on a graph, without looking
at the voxels again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.cutting.basin_graph import BasinGraph, contract, touching
from operando.particles.cutting.basins import climb_to
from operando.particles.cutting.cell_shapes import CellShapes, shapes_of_cells
from operando.particles.labels.names import rename
from operando.particles.labels.sums import count_voxels, overlaps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.compute.tiles import Tile
    from operando.particles.labels.boxes import Box


@dataclass(frozen=True)
class Cells:
    """Cells and their neighbours; cell k is in row k - 1.

    Parameters
    ----------
    basin
        ``(N,)`` which basin each belongs to: its place in the volume, later 1, 2, ...
    known
        ``(N,)`` known particle that it lies in, 0 for none.
    height
        ``(N,)`` height of the summit.
    count
        ``(N,)`` voxels.
    shapes
        Of their solid.
    graph
        Which cells touch.
    """

    basin: NDArray[np.int64]
    known: NDArray[np.int64]
    height: NDArray[np.float32]
    count: NDArray[np.int64]
    shapes: CellShapes
    graph: BasinGraph

    @property
    def peaks(self) -> NDArray[np.float32]:
        """``(B + 1,)`` height of every basin; entry 0 lies below all."""
        out = np.full(int(self.basin.max(initial=0)) + 1, -np.inf, np.float32)
        np.maximum.at(out, self.basin, self.height)
        return out


def find_cells(
    height: NDArray[np.float32],
    outside: NDArray[np.float32],
    where: NDArray[np.bool_],
    guide: NDArray[np.int32] | None,
    spacing: tuple[float, float, float],
    tile: Tile,
    shape: tuple[int, ...],
    aim: Callable[[Box], NDArray[np.float32]] | None = None,
) -> tuple[NDArray[np.int32], Cells]:
    """Find the cells of one block.

    Parameters
    ----------
    height
        ``(Z, Y, X)`` of the padded block; lowered outside `where`.
    outside
        ``(Z, Y, X)`` distance to the solid; in it, minus the distance to the gaps.
    where
        ``(Z, Y, X)`` the voxels that belong to cells.
    guide
        ``(Z, Y, X)`` ids of particles that are expected here.
    spacing
        Voxel size ``(z, y, x)``.
    tile
        Where the block lies.
    shape
        Of the whole volume.
    aim
        Gives for a block of the volume ``(3, Z, Y, X)`` the way from every voxel to the centre of
        its particle, if that is known.

    Returns
    -------
    labels
        Of the core of the block, 1 to N, 0 elsewhere.
    cells
        With faces between this core and what follows it on any axis.
    """
    # A whole number survives the change from double to single precision unrounded.
    floor = float(np.floor(height.min(where=where, initial=0))) - 1
    np.copyto(height, np.float32(floor), where=~where)
    labels, summits = climb_to(height, floor, spacing)
    heights = height.reshape(-1)[summits]
    start = [s.start for s in tile.padded]
    places = [p + s for p, s in zip(np.unravel_index(summits, height.shape), start, strict=True)]
    basins = np.ravel_multi_index(places, shape).astype(np.int64)
    seen = tuple(
        slice(i.start, min(i.stop + 1, n)) for i, n in zip(tile.inner, labels.shape, strict=True)
    )
    labels = np.ascontiguousarray(labels[seen])
    labels, parent, known = _part_by_guide(labels, None if guide is None else guide[seen])
    core = tuple(c.stop - c.start for c in tile.core)
    heights_seen, outside_seen = (np.ascontiguousarray(part[seen]) for part in (height, outside))
    graph = touching(labels, heights_seen, outside_seen, spacing, core)
    shapes = shapes_of_cells(labels, outside_seen, spacing, tile, shape, len(parent), aim)
    labels = labels[: core[0], : core[1], : core[2]]
    count = count_voxels(labels, len(parent) + 1)[1:]
    return labels, Cells(basins[parent], known, heights[parent], count, shapes, graph)


def _part_by_guide(
    labels: NDArray[np.int32], guide: NDArray[np.int32] | None
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Name cells 1, 2, ... in order of basin and known particle; give both for each.

    The labels are used up.
    """
    if guide is None:
        counts = count_voxels(labels, int(labels.max(initial=0)) + 1)
        there = np.flatnonzero(counts[1:])
        names = np.zeros(len(counts), np.int32)
        names[there + 1] = np.arange(1, len(there) + 1)
        return rename(labels, names, labels), there, np.zeros(len(there), np.int64)
    basin, known, _ = overlaps(labels, guide)
    width = int(guide.max(initial=0)) + 1
    keys = basin * width + known
    first = int(np.searchsorted(basin, 1))
    names = np.maximum(np.arange(len(keys)) - first + 1, 0).astype(np.int32)
    out = np.empty_like(labels)
    for z in range(len(labels)):
        key = labels[z].astype(np.int64) * width + guide[z]
        out[z] = names[np.searchsorted(keys, key)]
    return out, basin[first:] - 1, known[first:]


def gather(parts: list[Cells], tiles: list[Tile], labels: Any) -> tuple[NDArray[np.int32], Cells]:
    """Make the cells of all blocks one, so that each is counted once.

    Where a block ends before the summit that a basin climbs to, the block that holds the end of
    the way tells how it goes on.

    Parameters
    ----------
    parts
        Of every block; `basin` as places in the volume.
    tiles
        The blocks.
    labels
        ``(Z, Y, X)`` numbers of the cells through all parts, below 0 or above.

    Returns
    -------
    names
        ``(N + 1,)`` for every number in `labels` the cell.
    cells
        All; `basin` counts from 1 in C order of the summits.
    """
    basin = np.concatenate([part.basin for part in parts])
    following = np.arange(len(basin))
    if len(parts) > 1:
        where = np.unravel_index(basin, labels.shape)
        row = 0
        own = np.zeros(len(basin), bool)
        for tile, part in zip(tiles, parts, strict=True):
            mine = slice(row, row + len(part.basin))
            own[mine] = _within(where, tile, mine)
            row += len(part.basin)
        for tile in tiles:
            here = np.flatnonzero(_within(where, tile, slice(None)) & ~own)
            if len(here):
                block = np.asarray(labels[tile.core])
                at = tuple(w[here] - s.start for w, s in zip(where, tile.core, strict=True))
                leads = np.abs(block[at]).astype(np.int64) - 1
                following[here] = np.where(leads >= 0, leads, here)
        for _ in range(64):  # ways that lead through ever more blocks; a ring would not end
            further = following[following]
            if (further == following).all():
                break
            following = further
    height = np.concatenate([part.height for part in parts])[following]
    _, basin = np.unique(basin[following], return_inverse=True)
    known = np.concatenate([part.known for part in parts])
    keys, names = np.unique((basin + 1) * (known.max(initial=0) + 1) + known, return_inverse=True)
    first = np.zeros(len(keys), np.int64)
    first[names] = np.arange(len(names))
    count = np.concatenate([part.count for part in parts])
    offsets = np.cumsum([0, *(len(part.basin) for part in parts)])
    graph = BasinGraph.joined([part.graph for part in parts], offsets.tolist())
    all_names = np.concatenate([[0], names + 1]).astype(np.int32)
    return all_names, Cells(
        (basin + 1)[first],
        known[first],
        height[first],
        np.bincount(names, count, len(keys)).astype(np.int64),
        CellShapes.chained([part.shapes for part in parts]).joined(names, len(keys)),
        contract(graph, all_names),
    )


def _within(where: tuple[NDArray[np.int64], ...], tile: Tile, rows: slice) -> NDArray[np.bool_]:
    inside = [
        (w[rows] >= s.start) & (w[rows] < s.stop) for w, s in zip(where, tile.core, strict=True)
    ]
    return np.asarray(np.logical_and.reduce(inside))

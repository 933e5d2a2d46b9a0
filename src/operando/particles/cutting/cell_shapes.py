"""How large, how long and how rough cells are, in numbers that add up when cells are joined.

Volume and moments give the ellipsoid that is as long and wide as a body; what it lacks of that
ellipsoid's volume is hollow. Where a network tells the way to the centre of the particle, the
places that a cell aims at add up as well. Sums over voxels need no look at the volume once it is
cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from operando.compute.tiles import Tile
    from operando.particles.labels.boxes import Box

PRODUCTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
VOLUME, PLACE, PLACES, SURFACE, RIM = 0, slice(1, 4), slice(4, 10), 10, 11
AIM, AIM_SQUARED = slice(12, 15), 15
SUMS = 16
"""Solid volume, its first and second moments, the area that faces gaps, that on image borders;
first moments of the places that are aimed at, and the second ones summed over the axes."""

SLICES_AT_ONCE = 8

SLABS = 4
"""A block is added up in so many parts at once."""


@dataclass(frozen=True)
class CellShapes:
    """Of cells, or of what they were joined to.

    Parameters
    ----------
    sums
        ``(N, 16)``: `VOLUME` of the solid, its first and second moments (`PLACE`, `PLACES`), its
        `SURFACE` where it faces gaps and its area on the image's border (`RIM`); moments of the
        places that it aims at (`AIM`, `AIM_SQUARED`): if none are known, every voxel at itself.
    inscribed
        ``(N,)`` largest distance from a gap.
    """

    sums: NDArray[np.float64]
    inscribed: NDArray[np.float64]

    @classmethod
    def chained(cls, shapes: Sequence[CellShapes]) -> CellShapes:
        """Put those of different cells one after the other."""
        return cls(
            np.concatenate([shape.sums for shape in shapes]),
            np.concatenate([shape.inscribed for shape in shapes]),
        )

    def joined(self, names: NDArray[Any], count: int) -> CellShapes:
        """Those of `count` bodies, of which every cell is in that of its name."""
        columns = [np.bincount(names, column, count) for column in self.sums.T]
        inscribed = np.zeros(count)
        np.maximum.at(inscribed, names, self.inscribed)
        return CellShapes(np.stack(columns, axis=1), inscribed)


def shapes_of_cells(
    labels: NDArray[np.int32],
    outside: NDArray[np.float32],
    spacing: tuple[float, float, float],
    tile: Tile,
    shape: tuple[int, ...],
    count: int,
    aim: Callable[[Box], NDArray[np.float32]] | None = None,
) -> CellShapes:
    """Add up the voxels in the core of a block, and the faces between them and what follows.

    Parameters
    ----------
    labels, outside
        ``(Z, Y, X)`` of the core and one voxel behind it; `outside` is negative in the solid.
    spacing
        Voxel size ``(z, y, x)``.
    tile
        Where the block lies in a volume of this `shape`.
    count
        Of cells.
    aim
        As in `operando.particles.cutting.cells.find_cells`.
    """
    core = tuple(c.stop - c.start for c in tile.core)
    first = np.array([c.start for c in tile.core], np.int64)
    sums = np.zeros((SLABS, count + 1, SUMS))
    inscribed = np.zeros((SLABS, count + 1))
    edges = np.asarray(spacing, float)
    area = edges.prod() / edges
    _add_up(labels, outside, core, first, edges, area, sums, inscribed)
    sums, inscribed = sums.sum(axis=0), inscribed.max(axis=0)
    for axis, (stretch, size) in enumerate(zip(tile.core, shape, strict=True)):
        for end, place in ((stretch.start == 0, 0), (stretch.stop == size, core[axis] - 1)):
            if end:
                side = tuple(slice(0, n) if k != axis else place for k, n in enumerate(core))
                seen = labels[side][outside[side] <= 0]
                sums[:, RIM] += area[axis] * np.bincount(seen, minlength=count + 1)
    if aim is None:
        sums[:, AIM] = sums[:, PLACE]
        sums[:, AIM_SQUARED] = sums[:, PLACES][:, :3].sum(axis=1)
    else:
        _add_aims(labels, outside, edges, tile, aim, sums)
    return CellShapes(sums[1:], inscribed[1:])


def _add_aims(
    labels: NDArray[np.int32],
    outside: NDArray[np.float32],
    edges: NDArray[np.float64],
    tile: Tile,
    aim: Callable[[Box], NDArray[np.float32]],
    sums: NDArray[np.float64],
) -> None:
    """Add up the places that the solid in the core of a block aims at, some slices at once."""
    z, y, x = tile.core
    voxel, count = float(edges.prod()), len(sums)
    for first in range(z.start, z.stop, SLICES_AT_ONCE):
        last = min(first + SLICES_AT_ONCE, z.stop)
        seen = (
            slice(first - z.start, last - z.start),
            slice(0, y.stop - y.start),
            slice(0, x.stop - x.start),
        )
        solid = outside[seen] <= 0
        own, way = labels[seen][solid], aim((slice(first, last), y, x))
        square = np.zeros(len(own))
        starts = (first, y.start, x.start)
        for axis, (start, at) in enumerate(zip(starts, np.nonzero(solid), strict=True)):
            place = (start + at) * edges[axis] + way[axis][solid]
            sums[:, AIM.start + axis] += voxel * np.bincount(own, place, count)
            square += place**2
        sums[:, AIM_SQUARED] += voxel * np.bincount(own, square, count)


def compactness(sums: NDArray[np.float64], voxel: float) -> NDArray[np.float64]:
    """Logarithm of the volume over that of the ellipsoid with the same second moments.

    Parameters
    ----------
    sums
        ``(N, 16)`` of `CellShapes`.
    voxel
        Volume of a voxel.
    """
    volume = np.maximum(sums[:, VOLUME], voxel)
    centre = sums[:, PLACE] / volume[:, None]
    second = np.zeros((len(sums), 3, 3))
    for (i, j), moment in zip(PRODUCTS, sums[:, PLACES].T, strict=True):
        second[:, i, j] = second[:, j, i] = moment / volume - centre[:, i] * centre[:, j]
    second += np.eye(3) * voxel ** (2 / 3) / 12
    spread = np.sqrt(np.maximum(np.linalg.det(second), 1e-9 * voxel**2))
    return np.asarray(np.log(volume / (4 / 3 * np.pi * 5**1.5 * spread)))


def smoothness(sums: NDArray[np.float64], voxel: float) -> NDArray[np.float64]:
    """Logarithm of the surface of the sphere of the same volume, in voxel faces, over that to gaps.

    Parameters
    ----------
    sums, voxel
        As in `compactness`.
    """
    sphere = 1.5 * np.cbrt(36 * np.pi) * np.maximum(sums[:, VOLUME], voxel) ** (2 / 3)
    return np.asarray(np.log(sphere / np.maximum(sums[:, SURFACE], voxel ** (2 / 3))))


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _add_up(
    labels: Any,
    outside: Any,
    core: Any,
    first: Any,
    edges: Any,
    area: Any,
    all_sums: Any,
    all_inscribed: Any,
) -> None:
    for slab in prange(SLABS):
        low, high = slab * core[0] // SLABS, (slab + 1) * core[0] // SLABS
        _add_up_slab(
            labels,
            outside,
            core,
            first,
            edges,
            area,
            low,
            high,
            all_sums[slab],
            all_inscribed[slab],
        )


@njit(cache=True)  # type: ignore[untyped-decorator]
def _add_up_slab(
    labels: Any,
    outside: Any,
    core: Any,
    first: Any,
    edges: Any,
    area: Any,
    low: Any,
    high: Any,
    sums: Any,
    inscribed: Any,
) -> None:
    nz, ny, nx = labels.shape
    voxel = edges[0] * edges[1] * edges[2]
    for z in range(low, high):
        pz = (z + first[0]) * edges[0]
        for y in range(core[1]):
            py = (y + first[1]) * edges[1]
            for x in range(core[2]):
                here = labels[z, y, x]
                depth = -outside[z, y, x]
                solid = depth >= 0 and here > 0
                for axis in range(3):
                    a, b, c = z + (axis == 0), y + (axis == 1), x + (axis == 2)
                    if a < nz and b < ny and c < nx:
                        there = outside[a, b, c] <= 0
                        if solid and not there:
                            sums[here, 10] += area[axis]
                        elif there and depth < 0 and labels[a, b, c] > 0:
                            sums[labels[a, b, c], 10] += area[axis]
                if not solid:
                    continue
                px = (x + first[2]) * edges[2]
                own = sums[here]
                own[0] += voxel
                own[1] += voxel * pz
                own[2] += voxel * py
                own[3] += voxel * px
                own[4] += voxel * pz * pz
                own[5] += voxel * py * py
                own[6] += voxel * px * px
                own[7] += voxel * pz * py
                own[8] += voxel * pz * px
                own[9] += voxel * py * px
                if depth > inscribed[here]:
                    inscribed[here] = depth

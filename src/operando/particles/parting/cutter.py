"""Cut the solid of a volume that need not be in memory into cells, block by block.

Blocks are looked at with a margin of less than a particle; what is a cell then follows from its
surroundings alone (`operando.particles.cutting.cells`), as if the volume were cut as a whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles
from operando.particles.cutting.cells import Cells, find_cells, gather
from operando.particles.cutting.ground import crack_width, largest_cavity, survey, to_surface
from operando.particles.cutting.interior import Interior, look_inside
from operando.particles.joining.guided import join_bumps
from operando.particles.joining.learned import BUMP, depth_map
from operando.particles.joining.neck_pairs import owners
from operando.particles.labels.boxes import grown
from operando.particles.labels.closing import fill_small_cavities
from operando.particles.labels.frames import block_size
from operando.particles.labels.names import rename
from operando.particles.labels.sums import overlaps
from operando.particles.parting.scratch import DiskArrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.compute.tiles import Tile
    from operando.particles.joining.guided import Parts
    from operando.particles.labels.boxes import Box
    from operando.particles.labels.sure import Solid
    from operando.particles.settings import SplitSettings

    MakeArray = Callable[[tuple[int, ...], Any], Any]

MARGIN = {"learned": 0.75, "watershed": 1.5}
"""Typical diameters around a block that are looked at with it, by method. The watershed needs the
distance from the surface to the middle of every particle."""

FIRST_MARGIN = 32
"""Voxels around a block in which its surface is sought."""

PARTS = 6
"""Times that every block is gone through to split a volume; the network counts as one."""


@dataclass
class BlockCutter:
    """Cuts one volume.

    Parameters
    ----------
    source
        The solid.
    read_guide
        Gives a block of the ids that are expected, or None.
    shape
        Of the volume.
    spacing
        Voxel size ``(z, y, x)``.
    settings
        See `SplitSettings`.
    model
        Weights of another network than the shipped one.
    progress
        Receives `Progress`; may raise `Cancelled`.
    edge
        Edge of a block, voxels; None: the whole volume is one if it is not too large.
    scratch
        Folder for what does not fit in memory; default that of the system.
    """

    source: Solid
    read_guide: Callable[[Box], NDArray[np.int32]] | None
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    settings: SplitSettings
    model: Path | None = None
    progress: ProgressCallback | None = None
    edge: int | None = None
    scratch: Path | None = None
    _distances: NDArray[np.float32] | None = field(default=None, init=False)

    @cached_property
    def watch(self) -> Stopwatch:
        """Advanced by `PARTS` for every block."""
        total = PARTS * len(self.tiles())
        return Stopwatch(self.progress, total, "blocks", "Measuring distances")

    def tiles(self, margin: int = 0) -> list[Tile]:
        """Blocks that cover the volume, widened by a margin of so many voxels."""
        return plan_tiles(self.shape, block_size(self.shape, self.edge), margin)

    def wide_tiles(self, typical: float) -> list[Tile]:
        """Blocks with the margin that cells and cracks need; `typical` is a diameter."""
        width = crack_width(typical, self.spacing, self.settings)
        reach = max(MARGIN[self.settings.method] * typical, 1.5 * width)
        return self.tiles(int(np.ceil(reach / min(self.spacing))) + 2)

    def typical_diameter(self) -> float | None:
        """As `operando.particles.cutting.ground.typical_diameter`; None without any surface."""
        total, count = 0.0, 0
        for tile in self.tiles():
            margin = FIRST_MARGIN
            while True:
                box = grown(_box(tile.core), margin, self.shape)
                solid = self.source.sure(box)
                inner = _inside(tile, box)
                if not solid[inner].any():
                    break
                distances = to_surface(solid, self.spacing)
                depth = distances[inner][solid[inner]]
                everything = solid.shape == self.shape
                if everything or float(depth.max()) <= margin * min(self.spacing):
                    total += float(depth.sum(dtype=np.float64))
                    count += depth.size
                    if len(self.tiles()) == 1:
                        self._distances = distances
                    break
                margin *= 2
            self.watch.advance()
        if count in (0, int(np.prod(self.shape))):
            return None
        return 8 * total / count

    @contextmanager
    def arrays(self) -> Iterator[MakeArray]:
        """Give what makes arrays: in memory if there is but one block."""
        if len(self.tiles()) == 1:
            yield np.zeros
            return
        with TemporaryDirectory(".partial", ".", self.scratch) as folder:
            yield DiskArrays(Path(folder))

    def find_cells(self, make: MakeArray, typical: float) -> tuple[Any, NDArray[np.int32], Cells]:
        """Cut all blocks.

        Parameters
        ----------
        make
            Of `arrays`.
        typical
            Typical diameter.

        Returns
        -------
        labels
            ``(Z, Y, X)`` numbers of the cells, negative where there is no solid.
        names
            ``(N + 1,)`` for every number the cell.
        cells
            Of the whole volume.
        """
        solid, labels = make(self.shape, np.uint8), make(self.shape, np.int32)
        self._take_in(solid, typical)
        self.watch.advance(0, "Looking for particles")
        interior = self._look_inside(typical, make)
        names, cells = self._cut(solid, labels, typical, interior)
        return labels, names, cells

    def find_parts(self, ids: Any) -> tuple[Parts, NDArray[np.int64], float] | None:
        """Cut the solid into what the method "learned" joins to particles; nothing is written.

        Parameters
        ----------
        ids
            ``(Z, Y, X)`` particles that are known; an array that gives a NumPy array for a box.

        Returns
        -------
        None if all is solid or nothing is, else

        parts
            Not joined.
        own
            ``(P + 1,)`` the particle that most of each part lies in, 0 for none.
        typical
            Typical diameter.
        """
        typical = self.typical_diameter()
        if typical is None:
            return None
        with self.arrays() as make:
            labels, names, cells = self.find_cells(make, typical)
            parts = join_bumps(cells, BUMP)
            shared = []
            for tile in self.tiles():
                block = np.maximum(np.asarray(labels[tile.core]), 0)
                shared.append(overlaps(rename(block, parts.names[names]), ids[tile.core]))
                self.watch.advance(2)
        return parts, owners(shared, len(parts.peaks)), typical

    def _take_in(self, solid: Any, typical: float) -> None:
        """Write the solid; the watershed wants its small cavities filled.

        The network knows cavities, and the gaps between particles are cavities where they touch
        all around.
        """
        largest = largest_cavity(typical) if self.settings.method == "watershed" else 0
        for tile in self.wide_tiles(typical) if largest else self.tiles():
            block = self.source.sure(_box(tile.padded))
            if largest:
                block = fill_small_cavities(block, largest, self.spacing)
            solid[tile.core] = block[tile.inner]
            self.watch.advance()

    def _look_inside(self, typical: float, make: MakeArray) -> Interior | None:
        interior = None
        if self.settings.method == "learned":
            interior = look_inside(
                self.source,
                self.shape,
                typical,
                self.spacing,
                make,
                lambda: self.watch.advance(0),
                self.model,
            )
        self.watch.advance(len(self.tiles()))
        return interior

    def _cut(
        self, solid: Any, labels: Any, typical: float, interior: Interior | None
    ) -> tuple[NDArray[np.int32], Cells]:
        """Cut all blocks into cells; writes their numbers, negative where there is no solid."""
        tiles = self.wide_tiles(typical)
        parts, start = [], 0
        for tile in tiles:
            box = _box(tile.padded)
            distances, self._distances = self._distances, None
            ground = survey(_mask(solid, box), self.spacing, self.settings, typical, distances)
            del distances
            aim = None
            if interior is None:
                height = ground.height()
                outside = np.maximum(-height, 0)
            else:
                height = depth_map(ground, interior, box)
                outside = ground.outside
                aim = interior.aim if self.source.shown == "probability" else None
            inside, near = ground.solid[tile.inner], ground.near
            del ground
            guide = None if self.read_guide is None else self.read_guide(box)
            numbers, cells = find_cells(
                height, outside, near, guide, self.spacing, tile, self.shape, aim
            )
            del height, outside, near
            np.add(numbers, start, out=numbers, where=numbers > 0)
            np.negative(numbers, out=numbers, where=~inside)
            labels[tile.core] = numbers
            parts.append(cells)
            start += len(cells.basin)
            self.watch.advance()
        return gather(parts, tiles, labels)


def _mask(solid: Any, box: Box) -> NDArray[np.bool_]:
    return np.asarray(solid[box]).view(bool)


def _box(box: tuple[slice, ...]) -> Box:
    z, y, x = box
    return z, y, x


def _inside(tile: Tile, box: Box) -> Box:
    """Where the core of a tile lies in a box around it."""
    z, y, x = (
        slice(c.start - b.start, c.stop - b.start) for c, b in zip(tile.core, box, strict=True)
    )
    return z, y, x

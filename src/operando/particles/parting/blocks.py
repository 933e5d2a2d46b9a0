"""Split a volume that need not be in memory, block by block, as if it were split as a whole.

What a voxel belongs to is decided by its surroundings and by a graph of all cells
(`operando.particles.cutting.cells`), which is small. So blocks are cut into cells
(`operando.particles.parting.cutter`), the graph of the whole volume says which cells are one
particle, and the blocks are gone through again to give every voxel its particle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.cutting.ground import crack_width
from operando.particles.joining.learned import join_by_depth
from operando.particles.joining.watershed import join_by_fit
from operando.particles.labels.closing import close_particles
from operando.particles.labels.frames import blocks
from operando.particles.labels.names import rename
from operando.particles.parting.cutter import PARTS
from operando.particles.parting.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from operando.particles.cutting.cells import Cells
    from operando.particles.joining.necks import NeckRule
    from operando.particles.labels.boxes import Box
    from operando.particles.parting.cutter import BlockCutter


@dataclass
class BlockSplitter:
    """Splits one volume; `run` does all.

    Parameters
    ----------
    cutter
        Of the volume.
    out
        ``(Z, Y, X)`` int32 array that the ids are written to; it need not be in memory.
    rule
        Joins what the network has parted; None: the shipped one.
    unseen
        Gives where in a box nothing was imaged: no particle is there, nor a crack of one.
    """

    cutter: BlockCutter
    out: Any
    rule: NeckRule | None = None
    unseen: Callable[[Box], NDArray[np.bool_]] | None = None

    def run(self) -> int:
        """Split; returns how many particles there are."""
        cutter = self.cutter
        typical = cutter.typical_diameter()
        if typical is None:
            return int(self._fill())
        with cutter.arrays() as make:
            labels, names, cells = cutter.find_cells(make, typical)
            cutter.watch.advance(0, "Joining pieces")
            owner = self._join(labels, names, cells, typical)
            cutter.watch.advance(0, "Filling cracks")
            sizes = self._close(labels, owner[names], typical)
        cutter.watch.advance(0, "Numbering")
        return self._number(sizes, typical)

    def _fill(self) -> bool:
        """Write a volume that is all solid or empty."""
        solid = False
        for box in blocks(self.cutter.shape, self.cutter.edge):
            block = self.cutter.source.sure(box)
            self.out[box] = block.astype(np.int32)
            solid = bool(block.any())
            self.cutter.watch.advance(PARTS - 1)
        return solid

    def _join(
        self, labels: Any, names: NDArray[np.int32], cells: Cells, typical: float
    ) -> NDArray[np.int32]:
        """Tell for every cell the particle."""
        spacing, settings = self.cutter.spacing, self.cutter.settings
        if settings.method == "learned":
            voxel = float(np.prod(spacing))
            shown = self.cutter.source.shown
            return join_by_depth(cells, voxel, typical, settings.separation, shown, self.rule)

        def pieces() -> Iterator[tuple[NDArray[np.int32], tuple[int, ...]]]:
            for box in blocks(self.cutter.shape, self.cutter.edge):
                block = np.maximum(np.asarray(labels[box]), 0)
                yield rename(block, names), tuple(s.start for s in box)

        return join_by_fit(cells, pieces(), spacing, typical, settings.separation)

    def _close(self, labels: Any, owner: NDArray[np.int32], typical: float) -> Sizes:
        """Write the particles with their cracks, not yet numbered."""
        spacing = self.cutter.spacing
        width = crack_width(typical, spacing, self.cutter.settings)
        sizes = Sizes.none(int(owner.max(initial=0)) + 1)
        for tile in self.cutter.wide_tiles(typical):
            numbers = np.asarray(labels[tile.padded])
            sure, domain = numbers > 0, np.abs(numbers)
            solid = sure
            if self.cutter.source.whole is not None:
                z, y, x = tile.padded
                solid = sure | self.cutter.source.whole((z, y, x))
            rename(domain, owner, domain)
            ids = close_particles(domain, solid, width / 2, spacing)[tile.inner]
            if self.unseen is not None:
                z, y, x = tile.core
                ids[self.unseen((z, y, x))] = 0
            sizes.add(ids, tile, self.cutter.shape)
            if solid is not sure:
                sizes.add_doubt(np.where((solid & ~sure)[tile.inner], ids, 0))
            self.out[tile.core] = ids
            self.cutter.watch.advance()
        return sizes

    def _number(self, sizes: Sizes, typical: float) -> int:
        """Leave out small particles and number the others in order of their first voxel."""
        spacing = np.array(self.cutter.spacing)
        names = sizes.numbers(
            self.cutter.settings.smallest_diameter,
            typical,
            voxel=float(spacing.prod()),
            thinnest=float((spacing * self.cutter.shape).min()),
        )
        for box in blocks(self.cutter.shape, self.cutter.edge):
            self.out[box] = rename(np.asarray(self.out[box]), names)
            self.cutter.watch.advance()
        return int(names.max(initial=0))

"""Outlines of the particles of a frame: their voxels, kept small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.labels.boxes import intersection, sides_at_border
from operando.particles.labels.frames import groups, places
from operando.particles.labels.sums import count_and_centre

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box


@dataclass(frozen=True)
class Outline:
    """What linking needs to know of a particle in a frame; `cut` if the image border cuts it.

    `box` and `volume` are in voxels, `centroid` in µm, `spacing` is the voxel size (z, y, x), µm.
    `frame` is the box of the frame. `bits` are the voxels of its box, eight in a byte: very many
    particles are kept.
    """

    box: Box
    bits: NDArray[np.uint8]
    volume: int
    centroid: NDArray[np.float64]
    spacing: tuple[float, float, float]
    frame: Box
    cut: bool = False

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which voxels of the box it consists of."""
        shape = tuple(s.stop - s.start for s in self.box)
        return np.unpackbits(self.bits, count=int(np.prod(shape))).reshape(shape).view(bool)

    @property
    def diameter(self) -> float:
        """Diameter of the sphere of the same volume, µm."""
        return float((6 * self.volume * np.prod(self.spacing) / np.pi) ** (1 / 3))

    @property
    def extent(self) -> float:
        """Diagonal of its box, µm: no two of its places lie farther from each other."""
        edges = np.array([s.stop - s.start for s in self.box]) * self.spacing
        return float(np.linalg.norm(edges))

    def within(self, view: Box) -> Outline | None:
        """Return what of it lies in a part of the frame; None if nothing does."""
        box = intersection(self.box, view)
        if box == self.box:
            return self
        if box is None:
            return None
        mask = self.part(box)
        if not mask.any():
            return None
        counts, centres = count_and_centre(mask.astype(np.int32))
        centroid = (centres[1] + [s.start for s in box]) * self.spacing
        bits = np.packbits(mask)
        return replace(self, box=box, bits=bits, volume=int(counts[1]), centroid=centroid)

    def part(self, box: Box) -> NDArray[np.bool_]:
        """Which voxels of a box within its own it consists of."""
        corner = [s.start for s in self.box]
        z, y, x = (slice(s.start - c, s.stop - c) for s, c in zip(box, corner, strict=True))
        return self.mask[z, y, x]


def find_outlines(
    ids: Any,
    spacing: tuple[float, float, float],
    edge: int | None = None,
    unseen: Callable[[Box], NDArray[np.bool_]] | None = None,
) -> dict[int, Outline]:
    """Outlines of the particles of a frame, by label, read block by block.

    What nothing was imaged of, which `unseen` gives for a box, cuts particles as the border does.
    """
    found = places(ids, edge)
    centroid = found.centroid * spacing
    outlines = {}
    z, y, x = ids.shape
    for around, labels in groups(found, ids.shape, edge):
        block = np.asarray(ids[around])
        corner = np.array([s.start for s in around])
        beside = set() if unseen is None else _beside(block, unseen(around))
        for label in labels.tolist():
            box = found.box(label)
            inner = tuple(slice(s.start - c, s.stop - c) for s, c in zip(box, corner, strict=True))
            outlines[label] = Outline(
                box,
                np.packbits(block[inner] == label),
                int(found.count[label]),
                centroid[label],
                spacing,
                (slice(0, z), slice(0, y), slice(0, x)),
                label in beside or any(any(pair) for pair in sides_at_border(box, ids.shape)),
            )
    return dict(sorted(outlines.items()))


def _beside(ids: NDArray[np.int32], unseen: NDArray[np.bool_]) -> set[int]:
    """Particles that touch what was not imaged."""
    from scipy.ndimage import binary_dilation

    if not unseen.any():
        return set()
    return set(np.unique(ids[binary_dilation(unseen)]).tolist())

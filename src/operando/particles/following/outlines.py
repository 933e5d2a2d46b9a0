"""Outlines of the particles of a frame: their voxels, kept small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.labels.frames import groups, places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box


@dataclass(frozen=True)
class Outline:
    """What linking needs to know of a particle in a frame; `cut` if the image border cuts it.

    `box` and `volume` are in voxels, `centroid` in µm, `spacing` is the voxel size (z, y, x), µm.
    `bits` are the voxels of its box, eight in a byte: very many particles are kept.
    """

    box: Box
    bits: NDArray[np.uint8]
    volume: int
    centroid: NDArray[np.float64]
    spacing: tuple[float, float, float]
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


def find_outlines(
    ids: Any, spacing: tuple[float, float, float], edge: int | None = None
) -> dict[int, Outline]:
    """Outlines of the particles of a frame, by label, read block by block."""
    found = places(ids, edge)
    centroid = found.centroid * spacing
    outlines = {}
    for around, labels in groups(found, ids.shape, edge):
        block = np.asarray(ids[around])
        corner = np.array([s.start for s in around])
        for label in labels.tolist():
            box = found.box(label)
            inner = tuple(slice(s.start - c, s.stop - c) for s, c in zip(box, corner, strict=True))
            outlines[label] = Outline(
                box,
                np.packbits(block[inner] == label),
                int(found.count[label]),
                centroid[label],
                spacing,
                any(s.start == 0 or s.stop == n for s, n in zip(box, ids.shape, strict=True)),
            )
    return dict(sorted(outlines.items()))

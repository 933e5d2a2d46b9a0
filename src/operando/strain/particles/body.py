"""The voxels of one particle and its rim, as a box around them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 4
"""Voxels of the box beyond the particle and its rim."""
_RIM = 2
_SMALLEST_CORE = 1000
"""Voxels; whether less is surer is not known well enough."""


@dataclass(frozen=True)
class Body:
    """Voxels of one particle and its rim, as a box around them; `size` are the edges of a voxel."""

    number: int
    centroid: NDArray[np.float64]
    voxels: int
    centre: NDArray[np.int64]
    half: NDArray[np.int64]
    mask: NDArray[np.uint8]
    """Of the shape of the box with a margin of 4 voxels."""
    size: NDArray[np.float64]
    rim: NDArray[np.bool_]
    """Of the shape of the box: voxels around the particle, of no other one."""

    def seen_from(self, origin: NDArray[np.int64]) -> Body:
        """Return the same body with its places counted from another voxel."""
        return replace(self, centroid=self.centroid - origin, centre=self.centre - origin)

    def core(self) -> Body | None:
        """Return the particle without its rim and outermost voxels; None where little is left."""
        from scipy.ndimage import binary_erosion

        inner = (slice(MARGIN, -MARGIN),) * 3
        own = (self.mask[inner] > 0) & ~self.rim
        core = binary_erosion(own)
        if core.sum() < _SMALLEST_CORE:
            return None
        mask = np.pad(core.astype(np.uint8), MARGIN)
        return replace(self, mask=mask, rim=np.zeros_like(self.rim))

    def physical(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradient ``(3, 3)`` in voxels as one of lengths."""
        return gradient * (self.size[:, None] / self.size[None, :])


def find_bodies(
    labels: NDArray[Any], voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> list[Body]:
    """Particles with their rims, cut four voxels from the faces, unless nothing is left."""
    from scipy.ndimage import binary_dilation, center_of_mass, find_objects

    bodies, size = [], np.asarray(voxel_size, float)
    shape = np.array(labels.shape)
    for number, box in enumerate(find_objects(labels.astype(np.int32, copy=False)), start=1):
        if box is None:
            continue
        low = np.maximum([s.start - _RIM for s in box], MARGIN)
        high = np.minimum([s.stop + _RIM for s in box], shape - MARGIN)
        half = (high - low) // 2
        if (half < 2).any():
            continue
        centre = np.minimum(low + half, shape - 1 - MARGIN - half)
        around = tuple(slice(c - h, c + h + 1) for c, h in zip(centre, half, strict=True))
        near = labels[around]
        own = near == number
        if not own.any():
            continue
        rim = binary_dilation(own, iterations=_RIM) & (near == 0)
        exact = labels[box] == number
        centroid = np.array(center_of_mass(exact)) + [s.start for s in box]
        mask = np.pad((own | rim).astype(np.uint8), MARGIN)
        bodies.append(Body(number, centroid, int(exact.sum()), centre, half, mask, size, rim))
    return bodies

"""One particle cut out of a frame, with a margin, as the measures need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.surface import Faces, faces_of
from operando.particles.labels.boxes import Box, grown
from operando.particles.measuring.paths import behind, path_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Body:
    """One particle in a crop of the frame.

    Parameters
    ----------
    label
        Its id.
    box
        Voxels of the frame that the crop holds: the particle and a margin, where the image goes on.
    ids
        ``(Z, Y, X)`` all ids in the crop.
    solid
        ``(Z, Y, X)`` the solid in the crop; None where it is not known.
    spacing
        Voxel size ``(z, y, x)``, µm.
    unseen
        ``(Z, Y, X)`` what was not imaged in the crop; None if all was.
    """

    label: int
    box: Box
    ids: NDArray[np.int32]
    solid: NDArray[np.bool_] | None
    spacing: tuple[float, float, float]
    unseen: NDArray[np.bool_] | None = None

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The particle with its cracks."""
        return np.asarray(self.ids == self.label)

    @cached_property
    def core(self) -> NDArray[np.bool_]:
        """The particle without its cracks."""
        return self.mask if self.solid is None else self.mask & self.solid

    @cached_property
    def cracks(self) -> NDArray[np.bool_]:
        """The cracks and pores in the particle."""
        return self.mask & ~self.core

    @cached_property
    def faces(self) -> Faces:
        """Its outer surface, cracks closed; where it goes on unseen is none."""
        return self.faces_of(self.mask)

    def faces_of(self, part: NDArray[np.bool_]) -> Faces:
        """Find the faces of a part of the crop; where it goes on unseen is none.

        As at the sides of the image, what was not imaged is taken to go on as what lies beside it.
        """
        if self.unseen is None:
            return faces_of(part, self.spacing)
        faces = faces_of(part[self._nearest_seen], self.spacing)
        inside, outside = (self.unseen[tuple(at.T)] for at in (faces.inside, faces.outside))
        return faces.where(~inside & ~outside)

    @cached_property
    def _nearest_seen(self) -> tuple[NDArray[np.int32], ...]:
        """Voxel that was imaged nearest to every voxel, ``(Z, Y, X)`` per axis."""
        from scipy.ndimage import distance_transform_edt

        return tuple(
            distance_transform_edt(
                self.unseen, sampling=self.spacing, return_distances=False, return_indices=True
            )
        )

    @cached_property
    def unseen_area(self) -> float:
        """Area of the voxel faces that look at what was not imaged, µm²; they lie along axes."""
        if self.unseen is None:
            return 0.0
        faces = faces_of(self.mask, self.spacing)
        faces = faces.where(self.unseen[tuple(faces.outside.T)])
        axis = np.abs(faces.outside - faces.inside).argmax(axis=1)
        return float((np.prod(self.spacing) / np.asarray(self.spacing)[axis]).sum())

    @cached_property
    def volume(self) -> float:
        """Volume with cracks, µm³."""
        return int(np.count_nonzero(self.mask)) * float(np.prod(self.spacing))

    @property
    def diameter(self) -> float:
        """Diameter of the sphere of the same volume, µm."""
        return float((6 * self.volume / np.pi) ** (1 / 3))

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """Distance of every voxel of the particle to its outer surface, µm; NaN outside.

        A cut at the border of what was imaged is no surface; what it leaves without one is
        infinitely deep.
        """
        start = behind(self.faces, self.mask.shape)
        return path_lengths(self.mask, np.isfinite(start), self.spacing, start)

    @cached_property
    def thirds(self) -> NDArray[np.int8]:
        """Core 0, middle 1 and shell 2 of equal volume, by depth; -1 outside."""
        depth = self.depth[self.mask]
        inner, outer = np.quantile(depth, (2 / 3, 1 / 3), method="lower")
        out = np.full(self.mask.shape, -1, np.int8)
        out[self.mask] = (depth < inner).astype(np.int8) + (depth < outer)
        return out


def cut_out(
    label: int,
    box: Box,
    ids: NDArray[np.int32],
    solid: NDArray[np.bool_] | None,
    spacing: tuple[float, float, float],
    margin: int,
    unseen: NDArray[np.bool_] | None = None,
) -> Body:
    """Cut a particle out of a frame, with `margin` voxels around its bounding box."""
    wide = grown(box, margin, ids.shape)
    inside = None if solid is None else solid[wide]
    gaps = None if unseen is None or not unseen[wide].any() else unseen[wide]
    return Body(label, wide, ids[wide], inside, spacing, gaps)


def third_means(values: NDArray[Any], thirds: NDArray[np.int8]) -> list[float]:
    """Means over core, middle and shell; NaN where one is empty."""
    sums = np.bincount(thirds, values, minlength=3)
    counts = np.bincount(thirds, minlength=3)
    return [float(s / n) if n else float("nan") for s, n in zip(sums, counts, strict=True)]

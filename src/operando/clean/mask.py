"""Blank what belongs to phases that are not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ConfigDict, Field

from operando.clean.operation import Operation
from operando.compute.blocks import cubes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.blocks import Extent, Place, Triple


class MaskLabels(Operation):
    """Give one grey value to every voxel whose label is not kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    labels: Any = Field(description="Label volumes (t, z, y, x) as long as the images")
    kept: tuple[int, ...] = Field(description="Labels of the voxels that stay as they are")
    value: float = Field(0.0, description="Grey value of all others")
    margin: int = Field(0, ge=0, description="Voxels around the kept ones that stay as well")

    def extent(self, shape: Triple) -> Extent:
        """Cubes with the margin around them."""
        return cubes(shape, self.margin)

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Blank one block."""
        del prepared
        labels = np.asarray(self.labels[(place.frame, *place.box)])
        return blank(block, np.isin(labels, self.kept), self.value, self.margin)


def blank(
    image: NDArray[np.float32], kept: NDArray[np.bool_], value: float = 0.0, margin: int = 0
) -> NDArray[np.float32]:
    """Give one grey value to what is further than a margin from the voxels to keep.

    Parameters
    ----------
    image
        ``(z, y, x)``.
    kept
        Mask of the same shape.
    value
        Grey value of all others.
    margin
        Distance, voxels: half-filled voxels at a border belong to both sides.
    """
    from scipy.ndimage import distance_transform_edt

    if margin and kept.any():
        kept = distance_transform_edt(~kept) <= margin
    return np.where(kept, image, np.float32(value))

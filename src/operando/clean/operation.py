"""What a cleaning operation is: frozen settings that filter blocks of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from operando.compute.blocks import whole_slices
from operando.compute.margin import margin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from operando.compute.blocks import Extent, Place, Triple
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series


class Operation(BaseModel):
    """Settings of one way to clean images.

    `prepare` looks at the series once; `apply` then filters one block after the other and gives
    the same voxels however the series is cut into blocks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def extent(self, shape: Triple) -> Extent:
        """How large the blocks of a volume ``(z, y, x)`` are; by default whole slices."""
        return whole_slices(shape)

    def reads(self, series: Series) -> Series:
        """Return the series as blocks are read from it; they are written in its type."""
        return series

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Any:
        """Measure what the blocks need to know of the whole.

        Parameters
        ----------
        series
            What will be cleaned; only a sample of it is read.
        frames
            Frames that will be cleaned; None for all.
        progress
            Told about long preparations; raises `Cancelled` to stop.
        """
        del series, frames, progress

    def prepare_preview(
        self, series: Series, t: int, z: int, progress: ProgressCallback | None = None
    ) -> Any:
        """Prepare to show one slice: as `prepare`, or a quicker stand-in for it.

        Parameters
        ----------
        series
            What will be cleaned.
        t, z
            Frame and slice.
        progress
            Told about long preparations; raises `Cancelled` to stop.
        """
        del z
        return self.prepare(series, frames=[t], progress=progress)

    def preview_scope(self, t: int, z: int) -> tuple[int, ...]:
        """Return what is equal for slices that can share a preparation."""
        del z
        return (t,)

    def preview_reach(self) -> int:
        """Return how many slices on either side are shown with the one that is looked at."""
        return 0

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Filter one block ``(z, y, x)`` with its halo."""
        raise NotImplementedError


def filter_slices(
    block: NDArray[np.float32],
    place: Place,
    function: Callable[[NDArray[np.float32], int], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Filter every slice of a block by itself; what was not imaged stays as it is.

    Parameters
    ----------
    block
        ``(z, y, x)``.
    place
        Says which voxels held a number.
    function
        Takes a slice ``(y, x)``, NaN where nothing was imaged, and its number in the block.
    """
    out = block.copy()
    for k, image in enumerate(block):
        known = ~margin_of(image)
        if place.known is not None:
            known &= place.known[k]
        if known.all():
            out[k] = function(image, k)
        elif known.any():
            out[k] = np.where(known, function(np.where(known, image, np.float32(np.nan)), k), image)
    return out

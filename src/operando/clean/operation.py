"""What a cleaning operation is: frozen settings that filter blocks of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from operando.compute.blocks import whole_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
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

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Filter one block ``(z, y, x)`` with its halo."""
        raise NotImplementedError

"""Two volumes, ready to correlate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Frames:
    """A reference and a deformed volume, ready to correlate.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` finite float32 of zero mean and unit standard deviation.
    mask, deformed_mask
        Voxels to use, or None for all.
    spline
        "quintic" (cubic in the first iterations) or "cubic".
    """

    def __init__(
        self,
        reference: NDArray[np.float32],
        deformed: NDArray[np.float32],
        mask: NDArray[np.bool_] | None = None,
        deformed_mask: NDArray[np.bool_] | None = None,
        spline: str = "quintic",
    ) -> None:
        from operando.strain.volumes.bspline import PAD, coefficients, noise_gain_table

        none = np.empty((0, 0, 0), np.uint8)
        self.reference = np.ascontiguousarray(reference, np.float32)
        self.mask = none if mask is None else np.ascontiguousarray(mask).view(np.uint8)
        moved_mask = (
            none if deformed_mask is None else np.ascontiguousarray(deformed_mask).view(np.uint8)
        )
        self.noise_volume = 1.0
        self.grey = np.asarray(deformed, np.float32)
        cubic = coefficients(deformed, 3)
        quintic = coefficients(deformed, 5) if spline == "quintic" else np.empty(0, np.float32)
        plane, row = cubic.shape[1] * cubic.shape[2], cubic.shape[2]
        strides = np.array([plane, row, PAD[0] * plane + PAD[1] * row + PAD[2]])
        self.deformed = (
            cubic.ravel(),
            quintic.ravel(),
            strides,
            np.array(deformed.shape),
            moved_mask,
        )
        self.noise_gain = noise_gain_table(5 if spline == "quintic" else 3)

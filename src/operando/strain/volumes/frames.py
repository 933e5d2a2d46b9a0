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
        Voxels to use, or None for all. Those of the deformed volume beside masked ones are not
        used: the spline is not known there.
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

        if mask is not None:
            reference = _extended(reference, mask)
        if deformed_mask is not None:
            deformed = _extended(deformed, deformed_mask)
            deformed_mask = _narrowed(deformed_mask)
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


def _extended(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Go on smoothly beyond a mask, lest derivatives and splines see a step at its border."""
    from scipy.ndimage import gaussian_filter

    used = mask.astype(np.float32)
    share = gaussian_filter(used, 1.0)
    near = gaussian_filter(values * used, 1.0) / np.maximum(share, 1e-3)
    return np.where(mask, values, near).astype(np.float32)


def _narrowed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out what lies beside masked voxels; the faces of the volume are no border."""
    from scipy.ndimage import binary_erosion

    from operando.strain.volumes.bspline import EDGE

    return np.asarray(binary_erosion(mask, iterations=EDGE, border_value=1))

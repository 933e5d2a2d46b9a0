"""Likely whole-voxel shifts between two volumes, as a start for finer registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MOST = 4


def shift_candidates(
    reference: NDArray[np.float32], deformed: NDArray[np.float32]
) -> list[NDArray[np.float64]]:
    """Likely whole-voxel shifts, best first, by phase and by plain cross-correlation.

    Parameters
    ----------
    reference, deformed
        ``(z, y, x)``, equal shapes.

    Returns
    -------
    ``(3,)`` each: what lies at X in the reference lies at X plus the shift in the other volume.
    No shift at all is always among them.
    """
    from scipy.fft import irfftn, next_fast_len, rfftn
    from scipy.ndimage import maximum_filter

    shape = [next_fast_len(2 * n, real=True) for n in reference.shape]
    taper: NDArray[np.float32] = np.ones((1, 1, 1), np.float32)
    for axis, n in enumerate(reference.shape):
        edge = np.hanning(n + 2)[1:-1].astype(np.float32)
        taper = taper * edge.reshape([-1 if k == axis else 1 for k in range(3)])
    a = rfftn((reference - reference.mean()) * taper, s=shape)
    b = rfftn((deformed - deformed.mean()) * taper, s=shape)
    cross = b * a.conj()
    size = np.abs(cross)
    found = []
    for weight in (1 / (size + max(1e-3 * size.mean(), 1e-30)), 1.0):
        surface = irfftn(cross * weight, s=shape)
        peaks = np.argwhere((surface == maximum_filter(surface, 5, mode="wrap")) & (surface > 0))
        order = np.argsort(surface[tuple(peaks.T)])[::-1][:_MOST]
        for peak in peaks[order]:
            shift = np.where(peak > np.array(shape) // 2, peak - shape, peak)
            if (np.abs(shift) < 0.75 * np.array(reference.shape)).all():
                found.append(shift.astype(float))
    zero = np.zeros(3)
    unique = {tuple(s): s for s in [*found, zero]}
    return list(unique.values())


def rotation(axis: int, degrees: float) -> NDArray[np.float64]:
    """Rotation matrix about one of the axes z, y, x."""
    i, j = [k for k in range(3) if k != axis]
    out = np.eye(3)
    angle = np.deg2rad(degrees)
    out[i, i] = out[j, j] = np.cos(angle)
    out[i, j], out[j, i] = -np.sin(angle), np.sin(angle)
    return out

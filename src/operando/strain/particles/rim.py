"""What in the rim of a particle does not move with it: a neighbour that came close, binder, gas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.particles.body import MARGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.particles.body import Body
    from operando.strain.volumes.frames import Frames

_LIMIT, _ASTRAY = 4.0, 0.1
_SMALLEST_SHARE = 0.002


def without_strangers(body: Body, frames: Frames, motion: NDArray[np.float64]) -> Body | None:
    """Leave out rim voxels whose grey values do not follow the motion of the particle.

    They are those whose residual exceeds four times the robust scatter of the residuals inside
    the particle by more than a motion of 0.1 voxel explains, and the rim voxels next to them.

    Parameters
    ----------
    motion
        ``(3, 10)`` of the particle, as found with the whole rim.

    Returns
    -------
    The particle with a smaller mask; None where hardly any are (fewer than 0.2 % of the voxels).
    """
    from scipy.ndimage import binary_dilation

    if not np.isfinite(motion).all():
        return None
    inner = (slice(MARGIN, -MARGIN),) * 3
    box = tuple(slice(c - h, c + h + 1) for c, h in zip(body.centre, body.half, strict=True))
    f, g = frames.reference[box], moved_grey(frames, body, motion)
    mask, rim = (body.mask[inner] > 0) & np.isfinite(g), body.rim
    if frames.mask.size:
        mask &= frames.mask[box] > 0
    inside = mask & ~rim
    if not inside.any():
        return None
    gain, offset = np.polyfit(g[mask], f[mask], 1)
    residual = f - gain * g - offset
    scatter = 1.4826 * float(np.median(np.abs(residual[inside] - np.median(residual[inside]))))
    slope = np.sqrt(np.sum(np.square(np.gradient(f)), axis=0))
    strange = rim & mask & (np.abs(residual) > _LIMIT * scatter + _ASTRAY * slope)
    strange = binary_dilation(strange, iterations=1) & rim
    if strange.sum() < _SMALLEST_SHARE * mask.sum():
        return None
    kept = body.mask.copy()
    kept[inner][strange] = 0
    return replace(body, mask=kept)


def moved_grey(frames: Frames, body: Body, motion: NDArray[np.float64]) -> NDArray[np.float32]:
    """Deformed grey values where the voxels of a particle moved to, NaN elsewhere in its box."""
    from operando.strain.particles.kernels import moved_values

    mask = np.ascontiguousarray(body.mask[(slice(MARGIN, -MARGIN),) * 3])
    return np.asarray(moved_values(frames.deformed, mask, body.centre, body.half, motion))

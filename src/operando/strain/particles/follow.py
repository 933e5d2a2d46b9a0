"""The motion that matches the voxels of one particle best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.strain.particles.body import MARGIN
from operando.strain.particles.motion_models import BodyMotion, best_model
from operando.strain.particles.rim import without_strangers
from operando.strain.particles.search import shift_of_best_match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.particles.body import Body
    from operando.strain.volumes.frames import Frames


def follow_one(
    body: Body, raw: Frames, soft: Frames, shift: NDArray[np.float64], gradient: NDArray[np.float64]
) -> BodyMotion:
    """Fit all models from a start, and believe the simplest that explains the voxels.

    Voxels of the rim that do not move with the particle are then left out, and all is fitted again.

    Parameters
    ----------
    body
        The particle.
    raw, soft
        Frames as they are, for the shift, and smoothed, for rotation and swelling; may be one.
    shift, gradient
        ``(3,)`` voxels at the centroid and ``(3, 3)``, to start from.
    """
    start = np.zeros((3, 10))
    start[:, 0] = shift + gradient @ (body.centre - body.centroid)
    start[:, 1:4] = gradient * body.half
    result, model = _fit_all(body, soft, start)
    cleared = without_strangers(body, soft, result.motion[model])
    if cleared is not None:
        body = cleared
        start[:, 0] = result.motion[model][:, 0]
        start[:, 1:4] = gradient * body.half
        result, model = _fit_all(body, soft, start)
    if raw is soft or not np.isfinite(result.motion[model]).all():
        return BodyMotion(result.motion, result.covariance, result.numbers, model)
    final = _fit(body, raw, result.motion[model].copy(), (0,))
    if final.numbers[0, 0] == 0:
        result.motion[model, :, 0] = final.motion[0, :, 0]
        result.numbers[model, 1] = final.numbers[0, 1]
        result.numbers[model, 4] = final.numbers[0, 4]
        result.covariance[model, :3, :3] = final.covariance[0, :3, :3]
    return BodyMotion(result.motion, result.covariance, result.numbers, model)


def _fit_all(body: Body, soft: Frames, start: NDArray[np.float64]) -> tuple[BodyMotion, int]:
    result = _fit(body, soft, start, (0, 1, 2, 3))
    result.covariance[:] *= soft.noise_volume
    return result, best_model(result.numbers, soft.noise_volume)


def search_shift(body: Body, frames: Frames, shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole-voxel shift of highest ZNCC within half the particle's size of a guess."""
    return shift_of_best_match(
        frames.reference,
        frames.grey,
        body.centre,
        body.half,
        np.rint(shift).astype(int),
        reach=int(body.half.max()),
        weights=body.mask[(slice(MARGIN, -MARGIN),) * 3].astype(np.float32),
    )


def _fit(
    body: Body, frames: Frames, start: NDArray[np.float64], models: tuple[int, ...]
) -> BodyMotion:
    from operando.strain.particles.kernels import follow_body

    result = np.full((4, 3, 10), np.nan), np.full((4, 12, 12), np.inf), np.full((4, 5), np.nan)
    edge = body.half + MARGIN
    box = tuple(slice(c - e, c + e + 1) for c, e in zip(body.centre, edge, strict=True))
    limits = (1e-3, 60, max(30.0, 0.4 * float(body.mask.sum())), float(max(body.half.max(), 6)))
    seen = body.mask * frames.mask[box] if frames.mask.size else body.mask
    follow_body(
        np.ascontiguousarray(frames.reference[box]),
        seen,
        frames.deformed,
        np.stack([body.centre, edge]),
        body.half,
        body.size,
        start,
        models,
        limits,
        result,
    )
    return BodyMotion(*result, model=models[0])

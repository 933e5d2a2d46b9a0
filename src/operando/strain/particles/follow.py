"""The motion that matches the voxels of one particle best."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.particles.body import MARGIN
from operando.strain.particles.jackknife import motion_errors
from operando.strain.particles.motion_models import BodyMotion, best_model
from operando.strain.particles.rim import without_strangers
from operando.strain.particles.search import shift_of_best_match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.particles.body import Body
    from operando.strain.volumes.frames import Frames


_DISTURBED = 1.3
"""Times the error of white noise from which on the core is tried alone."""
_SURER = 0.85
"""Share of the error with the rim below which the core alone is believed."""


def follow_one(
    body: Body, raw: Frames, soft: Frames, shift: NDArray[np.float64], gradient: NDArray[np.float64]
) -> BodyMotion:
    """Fit all models from a start, and believe the simplest that explains the voxels.

    Voxels of the rim that do not move with the particle are left out, and all is fitted again.
    If what is left unexplained goes together, the core alone is fitted, without the rim and the
    outermost voxels, whose grey values depend on the surroundings; it is believed if it is surer.

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
    found = _fit_all(body, soft, start)
    cleared = without_strangers(body, soft, found.motion[found.model])
    if cleared is not None:
        body = cleared
        start[:, 0] = found.motion[found.model][:, 0]
        found = _fit_all(body, soft, start)
    found = _sharpened(body, raw, soft, found)
    besides, white = (np.linalg.norm(e[:3]) for e in (found.errors.sigma, found.errors.white))
    inside = body.core() if besides > _DISTURBED * white else None
    if inside is None:
        return found
    start[:, 0] = found.motion[found.model][:, 0]
    alone = _sharpened(inside, raw, soft, _fit_all(inside, soft, start))
    return alone if np.linalg.norm(alone.errors.sigma[:3]) < _SURER * besides else found


def _fit_all(body: Body, soft: Frames, start: NDArray[np.float64]) -> BodyMotion:
    result = _fit(body, soft, start.copy(), (0, 1, 2, 3))
    return replace(result, model=best_model(result.numbers, soft.noise_volume))


def _sharpened(body: Body, raw: Frames, soft: Frames, found: BodyMotion) -> BodyMotion:
    """Find the shift again in frames as they are, and what errors all has."""
    motion = found.motion[found.model]
    if raw is not soft and np.isfinite(motion).all():
        final = _fit(body, raw, motion.copy(), (0,))
        if final.numbers[0, 0] == 0:
            found.motion[found.model, :, 0] = final.motion[0, :, 0]
            found.numbers[found.model, [1, 4]] = final.numbers[0, [1, 4]]
    return replace(found, errors=motion_errors(body, raw, soft, found))


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

    result = np.full((4, 3, 10), np.nan), np.full((4, 5), np.nan)
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

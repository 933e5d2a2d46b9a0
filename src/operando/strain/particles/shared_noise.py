"""Errors of particles' shifts where neighbouring voxels share their noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.strain.windows.narrower import in_window
from operando.strain.windows.noise_colour import common_inflation, noise_inflation

if TYPE_CHECKING:
    from operando.strain.particles.body import Body
    from operando.strain.particles.motion_models import BodyMotion
    from operando.strain.volumes.frames import Frames

_WINDOW = (13, 13, 13)
_LISTENED = 24
"""Particles, spread evenly, whose middles tell."""


def count_shared_noise(bodies: list[Body], found: list[BodyMotion], raw: Frames) -> None:
    """Let the errors of shifts grow as far as noise goes together, in place.

    Rotation and swelling come from smoothed volumes, and their errors know already; without
    smoothing they stay those of white noise. Particles smaller than 13 voxels tell nothing.

    Parameters
    ----------
    bodies, found
        Particles and their motion.
    raw
        Frames that the shifts were found in.
    """
    half = np.array(_WINDOW) // 2
    known = [
        (body, motion.motion[motion.model])
        for body, motion in zip(bodies, found, strict=True)
        if (body.half >= half).all() and np.isfinite(motion.motion[motion.model]).all()
    ]
    if not known:
        return
    listened = known[:: -(-len(known) // _LISTENED)]
    motion = [in_window(m, tuple(2 * body.half + 1), _WINDOW) for body, m in listened]
    centres = np.array([body.centre for body, _ in listened])
    shares = noise_inflation(raw, centres, np.array(motion), _WINDOW)
    growth = np.sqrt(common_inflation(shares))
    for one in found:
        one.covariance[:, :3, :3] *= np.outer(growth, growth)

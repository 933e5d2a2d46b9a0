"""The material of an electrode and its motion, before any image is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from operando.samples.binder import BinderMotion, Cap, binder_level, draw_caps, union_depth
from operando.samples.motion import (
    ParticleMotion,
    draw_particle_motions,
    draw_smooth_motion,
    largest_displacement,
)
from operando.samples.particles import Box, Particle, grid_points, make_particles
from operando.samples.texture import Texture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.samples.settings import ElectrodeSettings


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything in the material frame.

    Parameters
    ----------
    settings
        Of the electrode.
    domain
        Voxels of the reference that can come into view.
    particles, motions, caps
        One of each per particle; particle ``k`` has the id ``k + 1``.
    solid
        Depth in the nearest particle on `domain`.
    binder
        Depth in the binder on `domain`.
    binder_motion
        How the binder moves.
    particle_texture, binder_texture
        Functions of material coordinates.
    tints
        ``(particles, 4)`` grey level of each particle and where its texture begins.
    """

    settings: ElectrodeSettings
    domain: Box
    particles: list[Particle]
    motions: list[ParticleMotion]
    caps: list[Cap | None]
    solid: NDArray[np.float32]
    binder: NDArray[np.float32]
    binder_motion: BinderMotion
    particle_texture: Texture
    binder_texture: Texture
    tints: NDArray[np.float32]

    @cached_property
    def binder_spline(self) -> NDArray[np.float32]:
        """Cubic spline coefficients of the depth in the binder."""
        from scipy.ndimage import spline_filter

        return np.asarray(spline_filter(self.binder, order=3, output=np.float32))

    @property
    def image_box(self) -> Box:
        """Voxels of the image, whose corner is the origin of the reference."""
        z, y, x = self.settings.shape
        return slice(0, z), slice(0, y), slice(0, x)

    def displacement(self, ids: NDArray[np.int32], t: int) -> NDArray[np.float32]:
        """Displacement ``(3, Z, Y, X)`` from the first frame, with its ids, to frame `t`."""
        points = grid_points(self.image_box)
        flat = ids.ravel()
        out = np.empty_like(points)
        between = flat == 0
        binder = self.binder_motion
        source = binder.material(points[:, between], 0)
        out[:, between] = binder.displacement(source, t) - binder.displacement(source, 0)
        order = np.argsort(flat, kind="stable")
        starts = np.searchsorted(flat[order], np.arange(1, len(self.particles) + 2))
        for motion, a, b in zip(self.motions, starts[:-1], starts[1:], strict=True):
            voxels = order[a:b]
            if len(voxels):
                q, _ = motion.material(points[:, voxels], 0)
                out[:, voxels] = motion.move(q, t) - motion.move(q, 0)
        return out.reshape(3, *ids.shape)


def build_scene(settings: ElectrodeSettings, seed: int) -> Scene:
    """Draw particles, binder and motion; every part has its own source of randomness."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(9)]
    smooth = draw_smooth_motion(settings, streams[0])
    margin = int(np.ceil(largest_displacement(smooth, settings.shape))) + 4
    low = np.full(3, -margin)
    high = np.asarray(settings.shape) + margin
    domain = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    outside = settings.particles.diameter / 3
    particles = make_particles(low - outside, high + outside, settings, streams[1:4])
    motions = draw_particle_motions(particles, smooth, settings, streams[4])
    caps = draw_caps(len(particles), settings.binder, settings.frames, streams[5])
    solid = union_depth(particles, domain)
    grey = settings.grey
    tints = np.column_stack(
        [
            grey.particle + grey.particle_spread * streams[6].standard_normal(len(particles)),
            streams[6].uniform(0, 100, (len(particles), 3)),
        ]
    )
    return Scene(
        settings=settings,
        domain=domain,
        particles=particles,
        motions=motions,
        caps=caps,
        solid=solid,
        binder=binder_level(solid, settings.binder, streams[7]),
        binder_motion=BinderMotion(domain, particles, motions, caps, smooth, settings),
        particle_texture=Texture(grey.particle_grain, streams[8]),
        binder_texture=Texture(grey.binder_grain, streams[8]),
        tints=tints.astype(np.float32),
    )

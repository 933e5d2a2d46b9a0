"""Draw the material into one frame: grey levels and truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.samples.particles import Box, grid_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.samples.scene import Scene

PORE, BINDER, PARTICLE = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """One frame without the scanner: grey levels 0 to 1 and the truth."""

    levels: NDArray[np.float32]
    phases: NDArray[np.uint8]
    ids: NDArray[np.int32]
    cracks: NDArray[np.bool_]
    gaps: NDArray[np.bool_]


class _Canvas:
    """Sums over the particles of a frame."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.filled = np.zeros(shape, np.float32)
        self.solid = np.zeros(shape, np.float32)
        self.grey = np.zeros(shape, np.float32)
        self.depth = np.full(shape, -4, np.float32)
        self.ids = np.zeros(shape, np.int32)
        self.cracks = np.zeros(shape, bool)


def render_frame(scene: Scene, t: int) -> Rendering:
    """Draw frame `t` of a scene.

    Every voxel is traced back to the material point that is there. Where bodies have moved
    into each other the deeper one is seen; a particle is in front of the binder.
    """
    canvas = _Canvas(scene.settings.shape)
    for k in range(len(scene.particles)):
        _draw_particle(scene, k, t, canvas)
    binder, ground, gaps = _draw_binder(scene, t, canvas)
    # Where bodies overlap, their shares add up to more than one voxel.
    share = np.maximum(canvas.filled, 1)
    void = canvas.filled - canvas.solid
    levels = canvas.grey + void * scene.settings.grey.pore + (share - canvas.filled) * ground
    levels /= share
    phases = np.full(canvas.ids.shape, PORE, np.uint8)
    phases[binder] = BINDER
    phases[(canvas.ids > 0) & ~canvas.cracks] = PARTICLE
    return Rendering(levels=levels, phases=phases, ids=canvas.ids, cracks=canvas.cracks, gaps=gaps)


def _draw_particle(scene: Scene, k: int, t: int, canvas: _Canvas) -> None:
    particle, motion, grey = scene.particles[k], scene.motions[k], scene.settings.grey
    opened = sum(float(c.openings[t]) for c in particle.cracks) / 2
    reach = (particle.reach + opened + 1) * float(np.linalg.norm(motion.matrix(t), 2))
    place = motion.place(t)
    box = _clip_box(place, reach, scene.settings.shape)
    if any(s.start >= s.stop for s in box):
        return
    shape = tuple(s.stop - s.start for s in box)
    points = grid_points(box)
    near = ((points - place[:, None]) ** 2).sum(0) < reach**2
    q, void = motion.material(points[:, near], t)
    at = q + (particle.centre - particle.corner)[:, None]
    depth = _sample(particle.depth, particle.spline, at)
    filled = np.clip(0.5 + depth, 0, 1)
    level = np.zeros_like(depth)
    drawn = filled > 0
    texture = scene.particle_texture(q[:, drawn] + scene.tints[k, 1:, None])
    core = np.clip(depth[drawn] / max(1.0, float(particle.depth.max())), 0, 1)
    level[drawn] = scene.tints[k, 0] + grey.shell * (core - 0.5) + grey.particle_texture * texture

    def spread(values: NDArray[np.float32], rest: float = 0.0) -> NDArray[np.float32]:
        out = np.full(near.shape, rest, np.float32)
        out[near] = values
        return out.reshape(shape)

    solid = filled * (1 - void)
    canvas.filled[box] += spread(filled)
    canvas.solid[box] += spread(solid)
    canvas.grey[box] += spread(solid * level)
    depth_here, void_here = spread(depth, -4), spread(void)
    in_front = depth_here > canvas.depth[box]
    canvas.depth[box][in_front] = depth_here[in_front]
    owns = in_front & (depth_here > 0)
    canvas.ids[box][owns] = particle.label
    canvas.cracks[box][owns] = void_here[owns] > 0.5


def _sample(
    depth: NDArray[np.float32], spline: NDArray[np.float32], at: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Interpolate a depth, near the surface with its spline.

    Linear interpolation alone would make curved bodies smaller wherever they are off the grid.
    """
    from scipy.ndimage import map_coordinates

    out = map_coordinates(depth, at, order=1, cval=-4, output=np.float32)
    surface = np.abs(out) < 1.5
    out[surface] = map_coordinates(spline, at[:, surface], order=3, prefilter=False, cval=-4)
    return np.asarray(out)


def _clip_box(centre: NDArray[np.float32], reach: float, shape: tuple[int, int, int]) -> Box:
    z, y, x = (
        slice(max(0, int(np.floor(c - reach))), min(n, int(np.ceil(c + reach)) + 1))
        for c, n in zip(centre, shape, strict=True)
    )
    return z, y, x


def _draw_binder(
    scene: Scene, t: int, canvas: _Canvas
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.bool_]]:
    """Return where binder is, the grey level between the particles, and the gaps."""
    from scipy.ndimage import map_coordinates

    grey = scene.settings.grey
    open_ = np.flatnonzero(canvas.filled.ravel() < 1)
    source = scene.binder_motion.material(grid_points(scene.image_box)[:, open_], t)
    origin = np.array([s.start for s in scene.domain], np.float32)
    at = source - origin[:, None]
    level = _sample(scene.binder, scene.binder_spline, at)
    was_solid = map_coordinates(scene.solid, at, order=1, mode="nearest", output=np.float32)
    # Binder that sits at the surface of a particle leaves no seam: the void is no wider than
    # the binder has moved relative to that surface.
    width = was_solid - canvas.depth.ravel()[open_]
    void = np.minimum(np.clip(0.5 + was_solid, 0, 1), np.clip(width, 0, 1))
    share = np.clip(0.5 + level, 0, 1) * (1 - void)
    texture = np.zeros_like(share)
    drawn = share > 0
    texture[drawn] = scene.binder_texture(source[:, drawn])
    ground = np.full(canvas.ids.size, grey.pore, np.float32)
    ground[open_] += share * (grey.binder - grey.pore + grey.binder_texture * texture)
    outside = canvas.ids.ravel()[open_] == 0
    binder, gaps = np.zeros((2, canvas.ids.size), bool)
    binder[open_] = outside & (level > 0) & (void <= 0.5)
    gaps[open_] = outside & (level > 0) & (void > 0.5)
    shape = canvas.ids.shape
    return binder.reshape(shape), ground.reshape(shape), gaps.reshape(shape)

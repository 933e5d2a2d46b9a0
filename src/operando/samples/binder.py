"""The carbon-binder domain: where it is, and how it follows or lets go of the particles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.samples.particles import Box, grid_points
from operando.samples.texture import correlated_noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.samples.motion import ParticleMotion, SmoothMotion
    from operando.samples.particles import Particle
    from operando.samples.settings import BinderSettings, ElectrodeSettings

NODE = 2
"""Distance of the nodes between which the motion of the binder is linear, voxels."""


@dataclass(frozen=True, kw_only=True)
class Cap:
    """The part of a particle's surface that the binder comes off.

    Parameters
    ----------
    axis
        ``(3,)`` unit vector from the centre to the middle of the cap.
    cosine
        Cosine of its half opening angle.
    gaps
        ``(T,)`` width of the gap, voxels.
    """

    axis: NDArray[np.float32]
    cosine: float
    gaps: NDArray[np.float32]

    def weight(self, unit: NDArray[np.float32]) -> NDArray[np.float32]:
        """1 in the cap, falling smoothly to 0 at its rim, for ``(3, N)`` unit vectors."""
        ramp = np.clip((self.axis @ unit - self.cosine) / 0.25, 0, 1)
        return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def draw_caps(
    count: int, settings: BinderSettings, frames: int, rng: np.random.Generator
) -> list[Cap | None]:
    """Draw for every particle what the binder lets go of, None where it holds."""
    return [_draw_cap(settings, frames, rng) for _ in range(count)]


def _draw_cap(settings: BinderSettings, frames: int, rng: np.random.Generator) -> Cap | None:
    if rng.random() >= settings.detached or settings.gap == 0:
        return None
    axis = rng.standard_normal(3)
    angle = np.deg2rad(min(180.0, settings.detached_angle * rng.uniform(0.7, 1.3)))
    progress = np.linspace(0, 1, frames) if frames > 1 else np.zeros(1)
    share = settings.gap_started + (1 - settings.gap_started) * progress
    gaps = settings.gap * rng.uniform(0.6, 1.4) * share
    return Cap(
        axis=(axis / np.linalg.norm(axis)).astype(np.float32),
        cosine=float(np.cos(angle)),
        gaps=gaps.astype(np.float32),
    )


def union_depth(particles: Sequence[Particle], domain: Box) -> NDArray[np.float32]:
    """Depth of the deepest particle at every voxel of `domain`, at least -4 voxels."""
    shape = tuple(s.stop - s.start for s in domain)
    depth = np.full(shape, -4, np.float32)
    for particle in particles:
        here, there = _overlap(particle.box, domain)
        np.maximum(depth[there], particle.depth[here], out=depth[there])
    return depth


def _overlap(box: Box, domain: Box) -> tuple[Box, Box]:
    """Where two boxes meet, as slices into the first and into the second."""
    here, there = [], []
    for b, d in zip(box, domain, strict=True):
        low, high = max(b.start, d.start), max(min(b.stop, d.stop), max(b.start, d.start))
        here.append(slice(low - b.start, high - b.start))
        there.append(slice(low - d.start, high - d.start))
    return (here[0], here[1], here[2]), (there[0], there[1], there[2])


def binder_level(
    solid: NDArray[np.float32], settings: BinderSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Distance to the surface of the binder, about, positive in it, -4 to 4 voxels.

    Correlated noise plus attraction to places with much solid around (films and necks), cut
    such that the asked fraction of the space between the particles is binder.

    Parameters
    ----------
    solid
        Depth in the nearest particle, `union_depth`.
    """
    from scipy.ndimage import gaussian_filter

    noise = correlated_noise(solid.shape, settings.grain, rng)
    inside = np.clip(0.5 + solid, 0, 1)
    crowd = gaussian_filter(inside, settings.grain, mode="nearest", truncate=5)
    outside = solid <= 0
    if not outside.any():
        return np.full(solid.shape, -4, np.float32)
    spread = crowd[outside].std() + 1e-6
    level = noise + settings.clinging * (crowd - crowd[outside].mean()) / spread
    level -= np.quantile(level[outside][::7], 1 - settings.fraction)
    slope = np.sqrt(sum(g**2 for g in np.gradient(level)))
    slope = np.maximum(slope, 0.3 * slope[outside].mean())
    if settings.fraction in (0, 1):
        return np.full(solid.shape, 8 * settings.fraction - 4, np.float32)
    return np.asarray(np.clip(level / slope, -4, 4), np.float32)


@dataclass(frozen=True, kw_only=True)
class _Hold:
    """How one particle holds the nodes around it."""

    nodes: Box
    weight: NDArray[np.float32]
    push: NDArray[np.float32]


class BinderMotion:
    """Motion of everything between the particles.

    It is defined by its values on nodes every `NODE` voxels and linear between them. At a
    node it is the smooth motion of the sample plus, with weights that fade over `blend` voxels
    from the surface of each particle, what that particle moves differently (without its
    cracks), plus the gap where the binder comes off.

    Parameters
    ----------
    domain
        Voxels of the reference that nodes must cover.
    particles, motions, caps
        One of each per particle.
    smooth
        Motion of the whole sample.
    settings
        Of the electrode.
    """

    def __init__(
        self,
        domain: Box,
        particles: Sequence[Particle],
        motions: Sequence[ParticleMotion],
        caps: Sequence[Cap | None],
        smooth: SmoothMotion,
        settings: ElectrodeSettings,
    ) -> None:
        self._origin = np.array([s.start for s in domain], np.float32)
        self._shape = tuple(-(-(s.stop - s.start) // NODE) + 1 for s in domain)
        self._smooth = smooth
        self._motions = motions
        self._caps = caps
        self._blend = settings.motion.blend
        self._holds = [self._hold(p, cap) for p, cap in zip(particles, caps, strict=True)]
        self._nodes: dict[int, NDArray[np.float32]] = {}

    def _points(self, nodes: Box) -> NDArray[np.float32]:
        return NODE * grid_points(nodes) + self._origin[:, None]

    def _hold(self, particle: Particle, cap: Cap | None) -> _Hold:
        far = 2 * self._blend
        low = np.maximum((particle.corner - far - self._origin) // NODE, 0).astype(int)
        end = particle.corner + particle.depth.shape + far - self._origin
        high = np.maximum(np.minimum(-(-end // NODE) + 1, self._shape).astype(int), low)
        nodes = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        points = self._points(nodes)
        outside = np.maximum(-particle.shape_depth(points), 0)
        weight = np.exp(-((outside / self._blend * 1.5) ** 2))
        push = np.zeros_like(points)
        if cap is not None:
            q = points - particle.centre[:, None]
            unit = q / (np.sqrt((q**2).sum(0)) + 1e-6)
            push = cap.weight(unit) * unit
        return _Hold(nodes=nodes, weight=weight.astype(np.float32), push=push)

    def nodes(self, t: int) -> NDArray[np.float32]:
        """Displacement of the nodes from the reference to frame `t`, ``(3, *nodes)``."""
        if t in self._nodes:
            return self._nodes[t]
        everywhere = (slice(0, self._shape[0]), slice(0, self._shape[1]), slice(0, self._shape[2]))
        base = self._smooth.displacement(self._points(everywhere), t).reshape(3, *self._shape)
        extra, total = np.zeros_like(base), np.zeros(self._shape, np.float32)
        for hold, motion, cap in zip(self._holds, self._motions, self._caps, strict=True):
            points = self._points(hold.nodes)
            own = motion.move(points - motion.centre[:, None], t, cracked=False) - points
            if cap is not None:
                own = own + cap.gaps[t] * hold.push
            block = (slice(None), *hold.nodes)
            shape = base[block].shape
            extra[block] += (hold.weight * (own - base[block].reshape(3, -1))).reshape(shape)
            total[hold.nodes] += hold.weight.reshape(shape[1:])
        self._nodes[t] = np.asarray(base + extra / np.maximum(total, 1), np.float32)
        return self._nodes[t]

    def displacement(self, points: NDArray[np.float32], t: int) -> NDArray[np.float32]:
        """Displacement from the reference to frame `t` at ``(3, N)`` reference points."""
        from scipy.ndimage import map_coordinates

        at = (points - self._origin[:, None]) / NODE
        return np.stack([map_coordinates(c, at, order=1, mode="nearest") for c in self.nodes(t)])

    def material(
        self, x: NDArray[np.float32], t: int, *, iterations: int = 12, tolerance: float = 2e-3
    ) -> NDArray[np.float32]:
        """Find the reference points of what is at ``(3, N)`` in frame `t`.

        By fixed-point iteration, of the points only that still move by more than `tolerance`.
        """
        points = x - self.displacement(x, t)
        moving = np.arange(x.shape[1])
        for _ in range(iterations):
            better = x[:, moving] - self.displacement(points[:, moving], t)
            change = np.abs(better - points[:, moving]).max(0)
            points[:, moving] = better
            moving = moving[change > tolerance]
            if len(moving) == 0:
                break
        return points

"""How material moves: a smooth motion of the whole sample, and each particle's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.samples.cracks import Crack
    from operando.samples.particles import Particle
    from operando.samples.settings import ElectrodeSettings


@dataclass(frozen=True, kw_only=True)
class SmoothMotion:
    """Drift, uniform strain and a few long waves; zero in the first frame.

    Parameters
    ----------
    middle
        ``(3,)`` point that the strain leaves in place, voxels.
    drift
        ``(T, 3)`` rigid translation, voxels.
    strain
        ``(3, 3)`` displacement gradient in the last frame.
    waves
        ``(K, 3)`` amplitudes in the last frame, voxels.
    vectors
        ``(K, 3)`` wave vectors, 1/voxel.
    phases
        ``(K,)``.
    """

    middle: NDArray[np.float32]
    drift: NDArray[np.float32]
    strain: NDArray[np.float32]
    waves: NDArray[np.float32]
    vectors: NDArray[np.float32]
    phases: NDArray[np.float32]

    def displacement(self, points: NDArray[np.float32], t: int) -> NDArray[np.float32]:
        """Displacement from the first frame to frame `t` at ``(3, N)`` points, voxels."""
        progress = np.float32(t / max(1, len(self.drift) - 1))
        swing = np.cos(self.vectors @ points + self.phases[:, None])
        strained = self.strain @ (points - self.middle[:, None])
        return np.asarray(
            self.drift[t][:, None] + progress * (strained + self.waves.T @ swing), np.float32
        )

    def gradient(self, point: NDArray[np.float32], t: int) -> NDArray[np.float32]:
        """Gradient ``(3, 3)``, ``du_i / dX_j``, of that displacement at one point ``(3,)``."""
        progress = np.float32(t / max(1, len(self.drift) - 1))
        slope = -np.sin(self.vectors @ point + self.phases)
        bent = self.waves.T @ (slope[:, None] * self.vectors)
        return np.asarray(progress * (self.strain + bent), np.float32)


def draw_smooth_motion(settings: ElectrodeSettings, rng: np.random.Generator) -> SmoothMotion:
    """Draw the motion of the whole sample."""
    motion, shape = settings.motion, np.asarray(settings.shape, float)
    drift = rng.standard_normal((settings.frames, 3))
    drift *= motion.drift / np.linalg.norm(drift, axis=1, keepdims=True)
    drift[0] = 0
    strain = rng.normal(0, motion.strain, (3, 3))
    count = 6
    vectors = rng.standard_normal((count, 3))
    length = motion.wavelength * shape.max() * rng.uniform(1, 2, count)
    vectors *= (2 * np.pi / length / np.linalg.norm(vectors, axis=1))[:, None]
    return SmoothMotion(
        middle=(shape / 2).astype(np.float32),
        drift=drift.astype(np.float32),
        strain=((strain + strain.T) / 2).astype(np.float32),
        waves=rng.normal(0, motion.wave * np.sqrt(2 / count), (count, 3)).astype(np.float32),
        vectors=vectors.astype(np.float32),
        phases=rng.uniform(0, 2 * np.pi, count).astype(np.float32),
    )


def largest_displacement(motion: SmoothMotion, shape: Sequence[int]) -> float:
    """Bound of any displacement component inside the image, voxels."""
    half = np.asarray(shape, float) / 2
    strain = np.abs(motion.strain) @ half
    return float(np.max(np.abs(motion.drift).max(0) + strain + np.abs(motion.waves).sum(0)))


@dataclass(frozen=True, kw_only=True)
class ParticleMotion:
    """Translation, rotation, swelling and opening cracks of one particle.

    ``x = c + shift + M open(q)`` with ``q`` measured from the centre `c` and ``M = swelling
    R (1 + stretch)``, where the stretch is what the particle yields to the smooth motion.

    Parameters
    ----------
    centre
        ``(3,)`` voxels of the reference.
    shifts
        ``(T, 3)`` voxels.
    rotations
        ``(T, 3, 3)``.
    swelling
        ``(T,)`` linear growth factor.
    stretches
        ``(T, 3, 3)`` displacement gradients.
    cracks
        They open in this order.
    """

    centre: NDArray[np.float32]
    shifts: NDArray[np.float32]
    rotations: NDArray[np.float32]
    swelling: NDArray[np.float32]
    stretches: NDArray[np.float32]
    cracks: tuple[Crack, ...]

    def matrix(self, t: int) -> NDArray[np.float32]:
        """Return what turns and stretches the particle from the material frame to frame `t`."""
        stretch = np.eye(3, dtype=np.float32) + self.stretches[t]
        return np.asarray(self.swelling[t] * self.rotations[t] @ stretch, np.float32)

    def place(self, t: int) -> NDArray[np.float32]:
        """Return where the centre is in frame `t`, ``(3,)`` voxels."""
        return np.asarray(self.centre + self.shifts[t])

    def move(self, q: NDArray[np.float32], t: int, *, cracked: bool = True) -> NDArray[np.float32]:
        """Places in frame `t` of material points ``(3, N)``."""
        for crack in self.cracks if cracked else ():
            q = crack.open(q, t)
        return np.asarray(self.matrix(t) @ q + self.place(t)[:, None], np.float32)

    def material(
        self, x: NDArray[np.float32], t: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Material points at places ``(3, N)`` of frame `t`, and the share of void there."""
        q = np.linalg.inv(self.matrix(t)) @ (x - self.place(t)[:, None])
        solid = np.ones(q.shape[1], np.float32)
        for crack in reversed(self.cracks):
            q, void = crack.close(q, t)
            solid *= 1 - void
        return q, 1 - solid


def draw_particle_motions(
    particles: Sequence[Particle],
    smooth: SmoothMotion,
    settings: ElectrodeSettings,
    rng: np.random.Generator,
) -> list[ParticleMotion]:
    """Draw rotation and swelling of every particle; its centre follows the smooth motion."""
    return [_draw_particle_motion(p, smooth, settings, rng) for p in particles]


def _draw_particle_motion(
    particle: Particle, smooth: SmoothMotion, settings: ElectrodeSettings, rng: np.random.Generator
) -> ParticleMotion:
    from scipy.spatial.transform import Rotation

    motion = settings.motion
    progress = np.linspace(0, 1, settings.frames) if settings.frames > 1 else np.zeros(1)
    vector = np.deg2rad(motion.rotation) * rng.standard_normal(3) / np.sqrt(3)
    growth = rng.normal(motion.swelling, motion.swelling_spread)
    centre = particle.centre[:, None]
    shifts = [smooth.displacement(centre, t)[:, 0] for t in range(settings.frames)]
    stretches = [smooth.gradient(particle.centre, t) for t in range(settings.frames)]
    return ParticleMotion(
        centre=particle.centre,
        stretches=np.array(stretches, np.float32) * np.float32(1 - motion.stiffness),
        shifts=np.array(shifts, np.float32),
        rotations=Rotation.from_rotvec(progress[:, None] * vector).as_matrix().astype(np.float32),
        swelling=(1 + growth * progress).astype(np.float32),
        cracks=particle.cracks,
    )

"""Settings of a synthetic electrode: every feature has a number, a unit and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from operando.data.series import check_voxel_size
from operando.errors import InputError


def number(default: float, low: float, high: float, draw: tuple[float, float]) -> Any:
    """Declare a bounded number: default, allowed range, and the range `draw_settings` takes."""
    return field(default=default, metadata={"bounds": (low, high), "draw": draw})


@dataclass(frozen=True, kw_only=True)
class Group:
    """Settings that refuse numbers out of their bounds."""

    def __post_init__(self) -> None:
        for f in fields(self):
            if "bounds" not in f.metadata:
                continue
            value, (low, high) = getattr(self, f.name), f.metadata["bounds"]
            if not (np.isfinite(value) and low <= value <= high):
                raise InputError(
                    f"{type(self).__name__}.{f.name} is {value}",
                    f"choose a number from {low} to {high}",
                )


@dataclass(frozen=True, kw_only=True)
class ParticleSettings(Group):
    """Shapes and packing.

    Parameters
    ----------
    diameter
        Median diameter, voxels, 4 to 200.
    spread
        Standard deviation of the logarithm of the diameter, 0 to 0.8.
    solid_fraction
        Sum of the particle volumes over the sample, before contacts are flattened, 0.05 to 0.95.
    overlap
        How far neighbours are pressed together before their contact is cut flat, share of the
        sum of their radii, 0 to 0.4: 0.02 is loosely packed, 0.15 densely calendered.
    elongation
        Largest relative difference of the half axes, 0 to 0.6.
    roughness
        Height of the bumps over the radius, 0 to 0.3.
    lobed
        Share of particles that are agglomerates of two or three lobes (non-convex), 0 to 1.
    contact_gap
        Width of the seam where particles touch, voxels, 0 to 2.
    """

    diameter: float = number(26, 4, 200, (14, 32))
    spread: float = number(0.22, 0, 0.8, (0.1, 0.4))
    solid_fraction: float = number(0.62, 0.05, 0.95, (0.35, 0.85))
    overlap: float = number(0.06, 0, 0.4, (0.01, 0.2))
    elongation: float = number(0.2, 0, 0.6, (0, 0.4))
    roughness: float = number(0.05, 0, 0.3, (0.01, 0.12))
    lobed: float = number(0.15, 0, 1, (0, 0.5))
    contact_gap: float = number(0.3, 0, 2, (0, 0.8))


@dataclass(frozen=True, kw_only=True)
class CrackSettings(Group):
    """Cracks inside particles.

    Parameters
    ----------
    share
        Share of particles that crack, 0 to 1.
    per_particle
        Mean number of cracks in a cracked particle, 1 to 6.
    opening
        Mean width in the middle of a crack in the last frame, voxels, 0 to 8.
    started
        Share of the cracks that are open in the first frame already, 0 to 1.
    reach
        Mean half length of a crack over the particle radius, 0.2 to 3: from about 2.2 it runs
        right through.
    waviness
        Height of its undulation over the particle radius, 0 to 0.4.
    """

    share: float = number(0.25, 0, 1, (0, 0.9))
    per_particle: float = number(1.5, 1, 6, (1, 3))
    opening: float = number(1.6, 0, 8, (1, 4))
    started: float = number(0.3, 0, 1, (0, 0.8))
    reach: float = number(1.5, 0.2, 3, (0.5, 2.8))
    waviness: float = number(0.1, 0, 0.4, (0, 0.2))


@dataclass(frozen=True, kw_only=True)
class BinderSettings(Group):
    """The carbon-binder domain and where it lets go of particles.

    Parameters
    ----------
    fraction
        Share of the space between the particles, 0 to 1.
    grain
        Correlation length of its shape, voxels, 1 to 20.
    clinging
        How strongly it gathers at particles and in necks between them, 0 to 5.
    detached
        Share of particles that it lets go of, 0 to 1.
    detached_angle
        Half opening angle of the cap that comes off, degrees, 10 to 180.
    gap
        Mean width of the gap in the last frame, voxels, 0 to 6.
    gap_started
        Share of the gap that is open in the first frame already, 0 to 1.
    """

    fraction: float = number(0.5, 0, 1, (0.2, 0.8))
    grain: float = number(5, 1, 20, (2, 7))
    clinging: float = number(0.5, 0, 5, (0.3, 3))
    detached: float = number(0.3, 0, 1, (0, 0.7))
    detached_angle: float = number(70, 10, 180, (40, 120))
    gap: float = number(1.6, 0, 6, (1, 3))
    gap_started: float = number(0.2, 0, 1, (0, 0.8))


@dataclass(frozen=True, kw_only=True)
class MotionSettings(Group):
    """How everything moves from the first frame to the last.

    Parameters
    ----------
    drift
        Length of the rigid translation of the whole sample per frame, voxels, 0 to 10.
    strain
        Standard deviation of the entries of the uniform strain, 0 to 0.05.
    wave
        Amplitude of the smooth non-uniform motion, voxels, 0 to 4.
    wavelength
        Its shortest wavelength over the longest edge of the image, 0.4 to 4.
    stiffness
        0: particles bend with the smooth motion; 1: they are rigid and only carried along.
    rotation
        Standard deviation of the rotation of a particle, degrees, 0 to 15.
    swelling
        Mean linear growth of a particle, -0.05 to 0.05 (negative: shrinks).
    swelling_spread
        Standard deviation of that growth among particles, 0 to 0.03.
    blend
        Distance over which the binder passes from the motion of a particle to the smooth
        motion, voxels, 2 to 20.
    """

    drift: float = number(1, 0, 10, (0, 2))
    strain: float = number(0.003, 0, 0.05, (0, 0.012))
    wave: float = number(0.5, 0, 4, (0, 1.5))
    wavelength: float = number(1.5, 0.4, 4, (0.7, 2))
    stiffness: float = number(0, 0, 1, (0, 1))
    rotation: float = number(0.5, 0, 15, (0, 4))
    swelling: float = number(-0.006, -0.05, 0.05, (-0.02, 0.02))
    swelling_spread: float = number(0.002, 0, 0.03, (0, 0.01))
    blend: float = number(6, 2, 20, (4, 9))


@dataclass(frozen=True, kw_only=True)
class GreySettings(Group):
    """Grey levels of the materials; 0 is black and 1 the full scale of the camera.

    Parameters
    ----------
    pore, binder, particle
        Mean level of each phase, 0 to 1.
    particle_spread
        Standard deviation of the level among particles, 0 to 0.2.
    particle_texture, binder_texture
        Standard deviation of the texture inside, 0 to 0.3.
    particle_grain, binder_grain
        Correlation length of the texture, voxels, 0.8 to 6.
    shell
        How much darker the rim of a particle is than its core, -0.2 to 0.2.
    """

    pore: float = number(0.24, 0, 1, (0.15, 0.3))
    binder: float = number(0.34, 0, 1, (0.3, 0.45))
    particle: float = number(0.6, 0, 1, (0.5, 0.8))
    particle_spread: float = number(0.025, 0, 0.2, (0, 0.05))
    particle_texture: float = number(0.065, 0, 0.3, (0.02, 0.08))
    binder_texture: float = number(0.06, 0, 0.3, (0.01, 0.07))
    particle_grain: float = number(1.6, 0.8, 6, (1.1, 3))
    binder_grain: float = number(1.4, 0.8, 6, (1, 2.5))
    shell: float = number(0.02, -0.2, 0.2, (-0.04, 0.06))


@dataclass(frozen=True, kw_only=True)
class ScannerSettings(Group):
    """What the instrument and the reconstruction add; 0 switches a disturbance off.

    Parameters
    ----------
    blur
        Standard deviation of the point spread, voxels, 0 to 4.
    fringes
        Strength of the edge enhancement by propagation phase contrast, 0 to 3: that many times
        the Laplacian is taken away.
    rings
        Standard deviation of the ring artefacts, share of full scale, 0 to 0.2.
    illumination
        Largest slow change of brightness across the image, relative, 0 to 0.8.
    gain, offset
        Largest change of brightness between frames, relative and share of full scale, 0 to 0.4.
    noise
        Standard deviation of the noise at half of full scale, share of full scale, 0 to 0.4.
    noise_grain
        Correlation length of the noise, voxels, 0 to 2.
    bits
        Depth of the camera, 4 to 16: grey values are multiples of ``2 ** (16 - bits)``.
    """

    blur: float = number(0.6, 0, 4, (0.3, 1.2))
    fringes: float = number(0.5, 0, 3, (0, 1))
    rings: float = number(0.012, 0, 0.2, (0, 0.04))
    illumination: float = number(0.2, 0, 0.8, (0, 0.3))
    gain: float = number(0.06, 0, 0.4, (0, 0.15))
    offset: float = number(0.02, 0, 0.4, (0, 0.05))
    noise: float = number(0.03, 0, 0.4, (0.015, 0.08))
    noise_grain: float = number(0.5, 0, 2, (0, 0.9))
    bits: int = field(default=8, metadata={"bounds": (4, 16)})


PERFECT_SCANNER = ScannerSettings(
    blur=0,
    fringes=0,
    rings=0,
    illumination=0,
    gain=0,
    offset=0,
    noise=0,
    noise_grain=0,
    bits=16,
)
"""A scanner without blur, noise or artefact."""


@dataclass(frozen=True, kw_only=True)
class ElectrodeSettings:
    """All settings of a synthetic electrode.

    Parameters
    ----------
    shape
        Voxels of a frame ``(z, y, x)``, each at least 8.
    frames
        Number of frames, 1 to 200.
    voxel_size
        Edge lengths ``(z, y, x)`` in µm. Shapes are drawn in voxels, so they look isotropic in
        voxels whatever the voxel size.
    hours
        Time between frames, hours.
    particles, cracks, binder, motion, grey, scanner
        Groups of settings.

    Raises
    ------
    InputError
        If a number is out of its bounds.
    """

    shape: tuple[int, int, int] = (64, 128, 128)
    frames: int = 4
    voxel_size: tuple[float, float, float] = (0.1, 0.1, 0.1)
    hours: float = 1.0
    particles: ParticleSettings = field(default_factory=ParticleSettings)
    cracks: CrackSettings = field(default_factory=CrackSettings)
    binder: BinderSettings = field(default_factory=BinderSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    grey: GreySettings = field(default_factory=GreySettings)
    scanner: ScannerSettings = field(default_factory=ScannerSettings)

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 8:
            raise InputError(f"A frame of {self.shape} voxels", "give three numbers from 8")
        if not 1 <= self.frames <= 200:
            raise InputError(f"{self.frames} frames", "choose 1 to 200")
        if not (np.isfinite(self.hours) and self.hours > 0):
            raise InputError(f"{self.hours} hours between frames", "give a positive number")
        check_voxel_size(self.voxel_size)

    def with_(self, **changes: Any) -> ElectrodeSettings:
        """Return a copy with other settings, those of a group written as ``group__name``."""
        out = self
        for name, value in changes.items():
            group, _, inner = name.partition("__")
            if inner:
                value = replace(getattr(out, group), **{inner: value})
            out = replace(out, **{group: value})
        return out

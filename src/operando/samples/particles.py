"""Particles: irregular shapes, cut flat where they touch, each a body in its own coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from operando.samples.cracks import Crack, draw_cracks
from operando.samples.packing import pack_spheres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.samples.settings import ElectrodeSettings, ParticleSettings

Box = tuple[slice, slice, slice]
PAD = 3
"""Voxels around a particle in which its depth is known."""


@dataclass(frozen=True, kw_only=True)
class Lobe:
    """A bumpy ellipsoid.

    Parameters
    ----------
    centre
        ``(3,)`` voxels.
    radius
        Mean radius, voxels.
    axes
        ``(3, 3)`` maps offsets to a space where the ellipsoid is a sphere of that radius.
    waves
        ``(K, 5)`` bumps: relative height, wave vector on the unit sphere (3), phase.
    """

    centre: NDArray[np.float32]
    radius: float
    axes: NDArray[np.float32]
    waves: NDArray[np.float32]

    def depth(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distance to the surface, about, positive inside, at ``(3, N)`` points, voxels."""
        local = self.axes @ (points - self.centre[:, None])
        length = np.sqrt((local**2).sum(0)) + 1e-6
        unit = local / length
        surface = np.ones_like(length)
        for height, *vector, phase in self.waves:
            surface += height * np.sin(np.asarray(vector, np.float32) @ unit + phase)
        return np.asarray(self.radius * surface - length, np.float32)


@dataclass(frozen=True, kw_only=True)
class Particle:
    """One particle in the material frame, where no crack is open.

    Parameters
    ----------
    label
        Its id, from 1.
    centre
        ``(3,)`` about which it rotates and swells, voxels of the reference.
    lobes
        Its shape before it was cut by its neighbours.
    corner
        ``(3,)`` voxel of the reference where `depth` begins.
    depth
        Distance to the surface in voxels, positive inside.
    cracks
        Its cracks.
    """

    label: int
    centre: NDArray[np.float32]
    lobes: tuple[Lobe, ...]
    corner: NDArray[np.int64]
    depth: NDArray[np.float32]
    cracks: tuple[Crack, ...] = ()

    @property
    def box(self) -> Box:
        """Voxels of the reference that `depth` covers."""
        z, y, x = (
            slice(int(a), int(a) + n) for a, n in zip(self.corner, self.depth.shape, strict=True)
        )
        return z, y, x

    @cached_property
    def spline(self) -> NDArray[np.float32]:
        """Cubic spline coefficients of the depth."""
        from scipy.ndimage import spline_filter

        return np.asarray(spline_filter(self.depth, order=3, output=np.float32))

    @cached_property
    def reach(self) -> float:
        """Radius of the sphere about the centre that holds it, voxels."""
        inside = np.argwhere(self.depth > -1) + self.corner - self.centre
        return float(np.sqrt((inside**2).sum(1).max()))

    def shape_depth(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Depth of the uncut shape at ``(3, N)`` points, voxels."""
        return np.asarray(np.max([lobe.depth(points) for lobe in self.lobes], axis=0))


def make_particles(
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    settings: ElectrodeSettings,
    rngs: Sequence[np.random.Generator],
) -> list[Particle]:
    """Pack particles into the box from `low` to `high` (voxels) and crack some.

    Parameters
    ----------
    rngs
        Three sources of randomness: packing, shapes, cracks.
    """
    packing, shaping, cracking = rngs
    centres, radii = pack_spheres(high - low, settings.particles, packing)
    bodies = [
        _draw_body(centre + low, radius, settings.particles, shaping)
        for centre, radius in zip(centres, radii, strict=True)
    ]
    whole = [b for b in _cut_contacts(bodies, settings.particles.contact_gap) if b is not None]
    return [
        replace(
            body,
            label=label,
            cracks=draw_cracks(float(body.depth.max()), settings.cracks, settings.frames, cracking),
        )
        for label, body in enumerate(whole, start=1)
    ]


def _draw_body(
    centre: NDArray[np.float64],
    radius: float,
    settings: ParticleSettings,
    rng: np.random.Generator,
) -> Particle:
    count = int(rng.integers(2, 4)) if rng.random() < settings.lobed else 1
    lobes: tuple[Lobe, ...] = (_draw_lobe(centre, radius, settings, rng),)
    if count > 1:
        directions = rng.standard_normal((count, 3))
        directions -= directions.mean(0)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        small = radius * 0.78
        lobes = tuple(
            _draw_lobe(centre + 0.62 * radius * d, small * rng.uniform(0.85, 1.1), settings, rng)
            for d in directions
        )
    half = max(
        float(np.abs(lobe.centre - centre).max())
        + lobe.radius * (1 + settings.elongation) * (1 + 2 * settings.roughness)
        for lobe in lobes
    )
    low = np.floor(centre - half).astype(np.int64) - PAD
    high = np.ceil(centre + half).astype(np.int64) + PAD + 1
    body = Particle(
        label=0,
        centre=centre.astype(np.float32),
        lobes=lobes,
        corner=low,
        depth=np.zeros(tuple(high - low), np.float32),
    )
    points = grid_points(body.box)
    depth = body.shape_depth(points).reshape(body.depth.shape)
    return replace(body, depth=_as_distance(depth))


def _draw_lobe(
    centre: NDArray[np.float64],
    radius: float,
    settings: ParticleSettings,
    rng: np.random.Generator,
) -> Lobe:
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    stretch = np.exp(rng.uniform(-0.5, 0.5, 3) * settings.elongation)
    stretch /= np.prod(stretch) ** (1 / 3)
    vectors = rng.standard_normal((6, 3))
    vectors *= (rng.uniform(2, 7, 6) / np.linalg.norm(vectors, axis=1))[:, None]
    heights = settings.roughness * rng.normal(0, 0.55, 6)
    phases = rng.uniform(0, 2 * np.pi, 6)
    return Lobe(
        centre=np.asarray(centre, np.float32),
        radius=float(radius),
        axes=(turn @ np.diag(1 / stretch) @ turn.T).astype(np.float32),
        waves=np.column_stack([heights, vectors, phases]).astype(np.float32),
    )


def _as_distance(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale a level function so that its slope is 1 near its zero."""
    slope = np.sqrt(sum(g**2 for g in np.gradient(level)))
    near = np.clip((5 - np.abs(level)) / 3, 0, 1)
    return np.asarray(level / (1 + near * (np.maximum(slope, 0.4) - 1)), np.float32)


def _cut_contacts(bodies: Sequence[Particle], gap: float) -> list[Particle | None]:
    """Cut overlapping particles flat, half way; a particle that is all but gone becomes None."""
    cut = [body.depth.copy() for body in bodies]
    low = np.array([b.corner for b in bodies])
    high = low + np.array([b.depth.shape for b in bodies])
    for i, body in enumerate(bodies):
        meets = np.all((low[i] < high) & (low < high[i]), axis=1)
        for j in np.flatnonzero(meets).tolist():
            if j == i:
                continue
            first, last = np.maximum(low[i], low[j]), np.minimum(high[i], high[j])
            mine = tuple(slice(*ab) for ab in zip(first - low[i], last - low[i], strict=True))
            other = tuple(slice(*ab) for ab in zip(first - low[j], last - low[j], strict=True))
            face = (body.depth[mine] - bodies[j].depth[other] - gap) / 2
            cut[i][mine] = np.minimum(cut[i][mine], face)
    return [_largest_piece(body, depth) for body, depth in zip(bodies, cut, strict=True)]


def _largest_piece(body: Particle, depth: NDArray[np.float32]) -> Particle | None:
    from scipy.ndimage import label

    pieces, count = label(depth > 0)
    sizes = np.bincount(pieces.ravel())[1:]
    whole = np.count_nonzero(body.depth > 0)
    if count == 0 or sizes.max() < max(20, 0.25 * whole):
        return None
    if count > 1:
        keep = 1 + int(sizes.argmax())
        depth = np.where((pieces == keep) | (pieces == 0), depth, -np.abs(depth))
    return replace(body, depth=depth.astype(np.float32))


def grid_points(box: Box) -> NDArray[np.float32]:
    """Voxel centres of a box as ``(3, N)`` points in C order."""
    axes = [np.arange(s.start, s.stop, dtype=np.float32) for s in box]
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")])

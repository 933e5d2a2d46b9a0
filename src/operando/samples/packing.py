"""Pack spheres of random size so that they touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.samples.settings import ParticleSettings


def pack_spheres(
    extent: NDArray[np.floating],
    settings: ParticleSettings,
    rng: np.random.Generator,
    steps: int = 160,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place spheres in a box at random, then push overlaps apart and pull neighbours together.

    Parameters
    ----------
    extent
        Edges of the box ``(z, y, x)``, voxels.
    settings
        Diameters, solid fraction and overlap.
    rng
        Source of randomness.
    steps
        Relaxation steps.

    Returns
    -------
    ``(N, 3)`` centres and ``(N,)`` radii, voxels, largest first.
    """
    radii = _draw_radii(float(np.prod(extent)), settings, rng)
    centres = rng.uniform(0, 1, (len(radii), 3)) * extent
    for step in range(steps):
        # The last quarter only pushes, so that no pull leaves an overlap behind.
        pull = 0.1 if step < 0.75 * steps else 0.0
        centres = np.clip(centres + _shift(centres, radii, settings.overlap, pull), 0, extent)
    return centres, radii


def _draw_radii(
    volume: float, settings: ParticleSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    wanted = settings.solid_fraction * volume
    radii: list[float] = []
    while not radii or 4 / 3 * np.pi * np.sum(np.power(radii, 3)) < wanted:
        factor = np.exp(np.clip(rng.normal(0, settings.spread), -0.9, 0.9))
        radii.append(float(settings.diameter / 2 * factor))
    return np.sort(radii)[::-1]


def _shift(
    centres: NDArray[np.float64], radii: NDArray[np.float64], overlap: float, pull: float
) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    pairs = cKDTree(centres).query_pairs(2.3 * float(radii[0]), output_type="ndarray")
    i, j = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
    between = centres[j] - centres[i]
    distance = np.linalg.norm(between, axis=1) + 1e-9
    gap = distance - (radii[i] + radii[j]) * (1 - overlap)
    near = gap < 0.2 * np.minimum(radii[i], radii[j])
    strength = np.where(gap < 0, 0.4 * gap, np.where(near, pull * gap, 0.0))
    move = between / distance[:, None] * strength[:, None]
    shift = np.zeros_like(centres)
    np.add.at(shift, i, move)
    np.add.at(shift, j, -move)
    return shift

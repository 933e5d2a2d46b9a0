from __future__ import annotations

import numpy as np
import pytest

from operando.samples.packing import pack_spheres
from operando.samples.settings import ParticleSettings

EXTENT = np.array([60.0, 90.0, 90.0])


def gaps(centres, radii, overlap):
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    gap = distance - (radii[:, None] + radii[None]) * (1 - overlap)
    np.fill_diagonal(gap, np.inf)
    return gap


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_spheres_touch_but_do_not_overlap_when_loosely_packed(seed):
    settings = ParticleSettings(diameter=18, solid_fraction=0.4, overlap=0.05)
    centres, radii = pack_spheres(EXTENT, settings, np.random.default_rng(seed))
    gap = gaps(centres, radii, 0.05)
    assert gap.min() > -0.6
    assert np.mean(gap.min(1) < 0.5) > 0.6
    assert np.all((centres >= 0) & (centres <= EXTENT))


def test_the_spheres_add_up_to_the_solid_fraction():
    settings = ParticleSettings(diameter=14, spread=0.3, solid_fraction=0.5)
    _, radii = pack_spheres(EXTENT, settings, np.random.default_rng(0))
    volume = 4 / 3 * np.pi * np.sum(radii**3)
    assert volume / EXTENT.prod() == pytest.approx(0.5, rel=0.05)
    assert np.log(radii).std() == pytest.approx(0.3, abs=0.06)
    assert np.all(np.diff(radii) <= 0)

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from operando.samples.particles import Lobe, grid_points, make_particles
from operando.samples.settings import ElectrodeSettings

LOW, HIGH = np.zeros(3), np.array([40.0, 60.0, 60.0])


def particles(seed=0, **changes):
    rngs = [np.random.default_rng([seed, k]) for k in range(3)]
    return make_particles(LOW, HIGH, ElectrodeSettings().with_(**changes), rngs)


def test_a_smooth_lobe_is_a_sphere():
    lobe = Lobe(
        centre=np.float32([1, 2, 3]),
        radius=7,
        axes=np.eye(3, dtype=np.float32),
        waves=np.zeros((0, 5), np.float32),
    )
    points = np.random.default_rng(0).uniform(-10, 10, (3, 1000)).astype(np.float32)
    distance = np.linalg.norm(points - lobe.centre[:, None], axis=0)
    np.testing.assert_allclose(lobe.depth(points), 7 - distance, atol=1e-4)


def test_a_round_particle_has_the_volume_of_its_sphere():
    round_ones = {
        "particles__solid_fraction": 0.05,
        "particles__roughness": 0,
        "particles__elongation": 0,
        "particles__lobed": 0,
        "particles__spread": 0,
        "particles__diameter": 20,
    }
    for body in particles(**round_ones):
        assert body.depth.max() == pytest.approx(10, abs=0.9)
        volume = np.clip(body.depth + 0.5, 0, 1).sum()
        assert volume == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.01)


@pytest.mark.parametrize("changes", [{}, {"particles__overlap": 0.2, "particles__lobed": 1}])
def test_particles_share_no_voxel_and_hang_together(changes):
    taken = {}
    for body in particles(1, particles__solid_fraction=0.7, particles__diameter=16, **changes):
        assert label(body.depth > 0)[1] == 1
        for voxel in grid_points(body.box)[:, (body.depth > 0).ravel()].T.tolist():
            assert taken.setdefault(tuple(voxel), body.label) == body.label


def test_pressed_particles_have_flat_contacts():
    def contact_area(overlap):
        bodies = particles(
            2, particles__solid_fraction=0.6, particles__overlap=overlap, particles__contact_gap=0
        )
        ids = np.zeros((80, 100, 100), np.int32)
        for body in bodies:
            inside = grid_points(body.box)[:, (body.depth > 0).ravel()].astype(int) + 20
            ids[tuple(inside)] = body.label
        pairs = ((ids[1:] != ids[:-1]) & (ids[1:] > 0) & (ids[:-1] > 0)).sum()
        return pairs / len(bodies)

    assert contact_area(0.2) > 3 * contact_area(0.02)


def test_lobed_particles_are_not_convex():
    from scipy.spatial import ConvexHull

    def solidity(lobed):
        bodies = particles(3, particles__lobed=lobed, particles__solid_fraction=0.1)
        return np.mean(
            [(b.depth > 0).sum() / ConvexHull(np.argwhere(b.depth > 0)).volume for b in bodies]
        )

    assert solidity(1) < solidity(0) - 0.04

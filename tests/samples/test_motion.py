from __future__ import annotations

import numpy as np
import pytest

from operando.samples.motion import (
    draw_particle_motions,
    draw_smooth_motion,
    largest_displacement,
)
from operando.samples.particles import make_particles
from operando.samples.settings import ElectrodeSettings

SETTINGS = ElectrodeSettings(shape=(32, 48, 48), frames=3)


def smooth_and_particles(settings, seed=0):
    rngs = [np.random.default_rng([seed, k]) for k in range(5)]
    smooth = draw_smooth_motion(settings, rngs[0])
    particles = make_particles(np.zeros(3), np.array(settings.shape, float), settings, rngs[1:4])
    return smooth, draw_particle_motions(particles, smooth, settings, rngs[4])


def points(n=500, seed=0):
    return np.random.default_rng(seed).uniform(0, 32, (3, n)).astype(np.float32)


def test_nothing_has_moved_in_the_first_frame():
    smooth, _ = smooth_and_particles(SETTINGS)
    np.testing.assert_allclose(smooth.displacement(points(), 0), 0)


def test_the_gradient_is_the_slope_of_the_displacement():
    smooth, _ = smooth_and_particles(SETTINGS.with_(motion__wave=3))
    at = np.float32([12, 20, 30])
    for j in range(3):
        step = np.zeros((3, 1), np.float32)
        step[j] = 0.5
        here = at[:, None]
        slope = smooth.displacement(here + step, 2) - smooth.displacement(here - step, 2)
        np.testing.assert_allclose(slope[:, 0], smooth.gradient(at, 2)[:, j], atol=2e-4)


def test_the_drift_has_the_asked_length():
    still = SETTINGS.with_(motion__drift=2.5, motion__strain=0, motion__wave=0)
    smooth, _ = smooth_and_particles(still)
    moved = smooth.displacement(points(), 1)
    assert np.linalg.norm(moved[:, 0]) == pytest.approx(2.5, abs=1e-5)
    assert np.ptp(moved, axis=1).max() < 1e-6
    assert largest_displacement(smooth, still.shape) <= 2.5


@pytest.mark.parametrize("seed", [0, 1])
def test_material_undoes_move(seed):
    cracked = SETTINGS.with_(cracks__share=1, cracks__per_particle=3, motion__rotation=5)
    _, motions = smooth_and_particles(cracked, seed)
    q = np.random.default_rng(seed).uniform(-9, 9, (3, 800)).astype(np.float32)
    for motion in motions[:4]:
        back, _ = motion.material(motion.move(q, 2), 2)
        np.testing.assert_allclose(back, q, atol=1e-4)


def test_rigid_particles_turn_and_swell_only():
    rigid = SETTINGS.with_(motion__stiffness=1, motion__swelling=0.02, motion__swelling_spread=0)
    _, motions = smooth_and_particles(rigid)
    for motion in motions:
        matrix = motion.matrix(2)
        np.testing.assert_allclose(matrix @ matrix.T, 1.02**2 * np.eye(3), atol=1e-5)
        assert np.linalg.det(matrix) == pytest.approx(1.02**3, rel=1e-5)


def test_soft_particles_follow_the_smooth_motion():
    soft = SETTINGS.with_(
        motion__stiffness=0,
        motion__rotation=0,
        motion__swelling=0,
        motion__swelling_spread=0,
        cracks__share=0,
    )
    smooth, motions = smooth_and_particles(soft)
    for motion in motions:
        q = np.float32([[0, 3], [0, 2], [0, -3]])
        there = q + motion.centre[:, None]
        own = motion.move(q, 2) - there
        np.testing.assert_allclose(own, smooth.displacement(there, 2), atol=0.02)

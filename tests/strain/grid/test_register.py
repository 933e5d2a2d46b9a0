from __future__ import annotations

import numpy as np
import pytest

from operando.strain.grid.register import pyramid, register


def standard(volume):
    return ((volume - volume.mean()) / volume.std()).astype(np.float32)


@pytest.mark.parametrize(
    ("shift", "degrees", "stretch"),
    [((8.3, -5.6, 4.4), 2, 0.03), ((-3, 12, 6), 0, 0), ((2, 1, -2), 9, -0.02)],
)
def test_affine_motion_is_found_without_a_start(texture, still, shift, degrees, stretch):
    t = np.deg2rad(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])
    turn = turn @ np.diag([1 + stretch, 1, 1])

    def field(points):
        return (points - 31.5) @ (turn - np.eye(3)).T + shift

    motion = register(standard(still), standard(texture.render(field, noise=0.04, seed=4)))
    points = np.array([[32.0, 32, 32], [12, 12, 12], [50, 12, 50], [12, 50, 40]])
    assert np.abs(motion.at(points) - field(points)).max() < 0.4
    assert motion.zncc > 0.9


def test_unrelated_volumes_do_not_correlate(still):
    other = np.random.default_rng(0).standard_normal(still.shape)
    assert register(standard(still), standard(other)).zncc < 0.5


def test_pyramid_keeps_the_mean_and_stops_in_time():
    volume = np.random.default_rng(0).random((40, 64, 80)).astype(np.float32)
    levels = pyramid(volume)
    assert [v.shape for v in levels] == [(40, 64, 80), (20, 32, 40)]
    assert levels[1].mean() == pytest.approx(volume.mean(), rel=1e-5)

from __future__ import annotations

import numpy as np
import pytest

from operando.samples.cracks import Crack, draw_cracks
from operando.samples.settings import CrackSettings


def flat_crack(opening=3.0, extent=8.0):
    return Crack(
        frame=np.eye(3, dtype=np.float32),
        offset=0.0,
        centre=np.zeros(2, np.float32),
        waves=np.zeros((0, 4), np.float32),
        openings=np.array([0, opening], np.float32),
        extents=np.array([extent, extent], np.float32),
    )


def test_a_closed_crack_moves_nothing():
    points = np.random.default_rng(0).uniform(-10, 10, (3, 500)).astype(np.float32)
    crack = flat_crack()
    np.testing.assert_array_equal(crack.open(points, 0), points)
    closed, void = crack.close(points, 0)
    np.testing.assert_allclose(closed, points, atol=1e-6)
    assert void.max() == 0


def test_an_open_crack_parts_its_faces_by_the_width_there():
    crack = flat_crack(opening=3, extent=8)
    above, below = np.float32([[1e-3], [4], [0]]), np.float32([[-1e-3], [4], [0]])
    jump = crack.open(above, 1)[0] - crack.open(below, 1)[0]
    assert jump[0] == pytest.approx(3 * (1 - (4 / 8) ** 2), abs=0.01)
    beyond = np.float32([[0.5], [9], [0]])
    np.testing.assert_array_equal(crack.open(beyond, 1), beyond)


@pytest.mark.parametrize("seed", range(5))
def test_closing_undoes_opening_exactly(seed):
    rng = np.random.default_rng(seed)
    settings = CrackSettings(share=1, waviness=0.3, per_particle=1)
    (crack, *_) = draw_cracks(10, settings, 4, rng)
    points = rng.uniform(-12, 12, (3, 2000)).astype(np.float32)
    back, void = crack.close(crack.open(points, 3), 3)
    np.testing.assert_allclose(back, points, atol=2e-5)
    # Material sits at the face of the crack at the nearest, where half a voxel is void.
    assert void.max() <= 0.5 + 1e-4


def test_the_void_has_the_volume_of_the_crack():
    crack = flat_crack(opening=3, extent=8)
    axis = np.arange(-12, 12, 0.5, dtype=np.float32)
    points = np.stack([a.ravel() for a in np.meshgrid(axis, axis, axis, indexing="ij")])
    _, void = crack.close(points, 1)
    # Volume under opening * (1 - r²/R²): half the opening times the disc.
    assert void.sum() * 0.5**3 == pytest.approx(0.5 * 3 * np.pi * 8**2, rel=0.02)


def test_cracks_open_over_time_and_only_in_the_asked_share():
    rng = np.random.default_rng(0)
    drawn = [draw_cracks(10, CrackSettings(share=0.3, per_particle=2), 5, rng) for _ in range(400)]
    cracked = [c for c in drawn if c]
    assert len(cracked) / 400 == pytest.approx(0.3, abs=0.07)
    assert np.mean([len(c) for c in cracked]) == pytest.approx(2, abs=0.3)
    for crack in (c for cracks in cracked for c in cracks):
        assert np.all(np.diff(crack.openings) >= 0)
        assert np.all(np.diff(crack.extents) >= 0)


def test_started_cracks_are_open_in_the_first_frame():
    rng = np.random.default_rng(0)
    (crack, *_) = draw_cracks(10, CrackSettings(share=1, started=1), 3, rng)
    assert crack.openings[0] > 0
    (crack, *_) = draw_cracks(10, CrackSettings(share=1, started=0), 3, rng)
    assert crack.openings[0] == 0

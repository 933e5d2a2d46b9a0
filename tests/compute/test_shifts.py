from __future__ import annotations

import numpy as np

from operando.compute.shifts import rotation, shift_candidates


def test_candidates_hold_a_whole_voxel_shift():
    volume = np.random.default_rng(0).standard_normal((24, 25, 26)).astype(np.float32)
    moved = np.roll(volume, (3, -5, 7), axis=(0, 1, 2))
    assert np.array_equal(shift_candidates(volume, moved)[0], [3, -5, 7])


def test_a_volume_without_texture_has_no_shift():
    volume = np.random.default_rng(0).standard_normal((8, 9, 10)).astype(np.float32)
    assert np.array_equal(shift_candidates(volume, np.full_like(volume, 7)), [[0, 0, 0]])


def test_a_rotation_keeps_its_axis_and_lengths():
    turn = rotation(0, 30)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(turn @ (1, 0, 0), (1, 0, 0))
    np.testing.assert_allclose(np.trace(turn), 1 + 2 * np.cos(np.pi / 6))

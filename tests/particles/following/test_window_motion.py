from __future__ import annotations

import numpy as np
import pytest

from operando.particles.following.carried import LEAST_FIT
from operando.particles.following.window_motion import motion_in_windows

SHAPE = (36, 60, 240)
STRETCH, MIDDLE = 1.12, 120


@pytest.fixture(scope="module")
def draw_balls():
    """Draw the same balls, pulled apart along x about the middle, as ids."""

    def draw(stretch: float, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        places = np.stack(np.meshgrid([9, 26], [10, 30, 50], np.arange(10, 235, 20)), -1)
        ids = np.zeros(SHAPE, np.int32)
        for k, place in enumerate(places.reshape(-1, 3) + rng.uniform(-3, 3, (72, 3)), start=1):
            centre = place * (1, 1, stretch) + (0, 0, MIDDLE * (1 - stretch))
            low = np.clip(centre.astype(int) - 10, 0, SHAPE)
            box = tuple(slice(a, a + 21) for a in low)
            grid = np.indices(ids[box].shape) + low.reshape(3, 1, 1, 1)
            far = ((grid - centre.reshape(3, 1, 1, 1)) ** 2).sum(0)
            ids[box][far < rng.uniform(5, 9) ** 2] = k
        return ids

    return draw


def test_a_common_drift_is_found(draw_balls) -> None:
    ids = draw_balls(1)
    moved = np.roll(ids, (1, 2, 17), axis=(0, 1, 2)) > 0
    motion = motion_in_windows(ids, moved)
    inner = motion.drift[..., 1:-1]
    np.testing.assert_allclose(inner, np.broadcast_to([[[[1]]], [[[2]]], [[[17]]]], inner.shape))


def test_strain_is_found_window_by_window(draw_balls) -> None:
    motion = motion_in_windows(draw_balls(1), draw_balls(STRETCH) > 0)
    count = motion.drift.shape[-1]
    assert count >= 4
    centres = (np.arange(count) + 0.5) * SHAPE[2] / count
    # What is at x in the second frame was at MIDDLE + (x - MIDDLE) / STRETCH in the first.
    expected = (centres - MIDDLE) * (1 - 1 / STRETCH)
    assert abs(expected).max() > 8
    np.testing.assert_allclose(motion.drift[2].mean(axis=(0, 1)), expected, atol=2.5)
    np.testing.assert_allclose(motion.drift[:2], 0, atol=1)


def test_windows_hold_as_many_particles_whatever_the_shape_of_voxels(draw_balls) -> None:
    before, frame = draw_balls(1), draw_balls(STRETCH) > 0
    cubes = motion_in_windows(before, frame)
    flat = motion_in_windows(before[..., ::3], frame[..., ::3], spacing=(0.2, 0.2, 0.6))
    assert flat.drift.shape == cubes.drift.shape
    drift = flat.drift * np.reshape((1, 1, 3), (3, 1, 1, 1))
    np.testing.assert_allclose(drift, cubes.drift, atol=3)


def test_frames_that_have_nothing_in_common_do_not_fit(draw_balls) -> None:
    blank = np.zeros(SHAPE, np.int32)
    other = motion_in_windows(draw_balls(1), np.flip(draw_balls(1, seed=5), (0, 1, 2)) > 0)
    same = motion_in_windows(draw_balls(1), draw_balls(1) > 0)
    assert np.median(other.fit) < 0.5 * np.median(same.fit)
    for before, frame in ((blank, draw_balls(1) > 0), (draw_balls(1), blank > 0)):
        motion = motion_in_windows(before, frame)
        assert (motion.fit < LEAST_FIT).all()
        assert (motion.drift == 0).all()

from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.particles.following.carried import Carried, carry
from operando.particles.following.window_motion import WindowMotion

SHAPE = (10, 12, 40)
WHOLE = tuple(slice(0, n) for n in SHAPE)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(1, 9, SHAPE).astype(np.int32)


def uniform(drift, fit=1.0) -> WindowMotion:
    return WindowMotion(np.reshape(np.asarray(drift, float), (3, 1, 1, 1)), np.full((1, 1, 1), fit))


def test_particles_drift_together(ids) -> None:
    moved = Carried(ids, uniform((0, -2, 30)))[WHOLE]
    assert (moved[:, :-2, 30:] == ids[:, 2:, :10]).all()
    assert not moved[:, -2:].any()
    assert not moved[..., :30].any()


def test_every_box_is_that_of_the_whole(ids) -> None:
    rng = np.random.default_rng(1)
    motion = WindowMotion(rng.uniform(-6, 6, (3, 2, 1, 4)), rng.uniform(0, 1, (2, 1, 4)))
    carried = Carried(ids, motion)
    whole = carried[WHOLE]
    assert 0 < (whole > 0).mean() < 1
    for box in ((slice(3, 7), slice(0, 12), slice(11, 29)), (slice(9, 10), slice(4, 5), WHOLE[2])):
        assert (carried[box] == whole[box]).all()


def test_between_windows_the_motion_is_interpolated() -> None:
    ids = np.broadcast_to(np.arange(1, 41, dtype=np.int32), SHAPE)
    drift = np.zeros((3, 1, 1, 2))
    drift[2, ..., 0], drift[2, ..., 1] = -4, 4
    row = Carried(ids, WindowMotion(drift, np.ones((1, 1, 2))))[WHOLE][5, 6]
    # Centres of the two windows are at 9.5 and 29.5, the motion grows by 8 voxels in between.
    x = np.arange(40)
    assert (row == x + 1 - np.rint(np.clip((x - 19.5) * 0.4, -4, 4))).all()


def test_nothing_is_known_where_frames_do_not_fit(ids) -> None:
    fit = np.array([0.9, 0.1]).reshape(1, 1, 2)
    moved = Carried(ids, WindowMotion(np.zeros((3, 1, 1, 2)), fit))[WHOLE]
    assert (moved[..., :20] == ids[..., :20]).all()
    assert not moved[..., 20:].any()
    assert not Carried(ids, uniform((0, 0, 0), 0.0))[WHOLE].any()


def test_a_field_carries_particles() -> None:
    ids = np.zeros((4, 6, 8), np.int32)
    ids[1:3, 2:4, 2:4] = 7
    field = np.zeros((3, 4, 6, 8))
    field[1] = 2
    assert (carry(ids, field) == np.roll(ids, 2, axis=1)).all()
    with pytest.raises(InputError, match="displacement field"):
        carry(ids, np.zeros((3, 1, 1, 1)))

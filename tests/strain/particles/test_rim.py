from __future__ import annotations

import numpy as np
import pytest

from operando.strain.particles.body import MARGIN, find_bodies
from operando.strain.particles.follow import follow_one
from operando.strain.particles.rim import moved_grey, without_strangers
from operando.strain.volumes.frames import Frames

SHIFT = np.array([0.6, -0.3, 0.2])


@pytest.fixture(scope="module")
def frames(texture, still):
    moved = texture.render(lambda p: np.broadcast_to(SHIFT, p.shape), noise=0.04, seed=2)
    return still, moved


@pytest.fixture(scope="module")
def body():
    z, y, x = np.indices((64, 64, 64)) - 31
    (found,) = find_bodies((z**2 + y**2 + x**2 <= 10**2).astype(np.int32))
    return found


def motion():
    out = np.zeros((3, 10))
    out[:, 0] = SHIFT
    return out


def test_moved_grey_values_are_those_of_the_reference(frames, body):
    box = tuple(slice(c - h, c + h + 1) for c, h in zip(body.centre, body.half, strict=True))
    difference = moved_grey(Frames(*frames), body, motion()) - frames[0][box]
    own = body.mask[(slice(MARGIN, -MARGIN),) * 3] > 0
    np.testing.assert_array_equal(np.isfinite(difference), own)
    assert difference[own].std() < 1.5 * 0.04


def test_no_grey_values_are_known_outside(frames, body):
    away = motion()
    away[2, 0] = 64 - body.centre[2]
    outside = moved_grey(Frames(*frames), body, away)[:, :, body.half[2] :]
    assert np.isnan(outside).all()


def test_a_rim_that_moves_along_is_kept(frames, body):
    assert without_strangers(body, Frames(*frames), motion()) is None


def covered(frames):
    """Deformed volume where something came as close as a voxel along x."""
    moved = frames[1].copy()
    moved[:, :, 31 + 12 :] += 3.0 * frames[1].std()
    return Frames(frames[0], moved)


def test_what_comes_close_is_left_out(frames, body):
    cleared = without_strangers(body, covered(frames), motion())
    assert cleared is not None
    gone = (body.mask != cleared.mask)[(slice(MARGIN, -MARGIN),) * 3]
    assert not (gone & ~body.rim).any()
    x = np.broadcast_to(np.arange(gone.shape[2]) + body.centre[2] - body.half[2], gone.shape)
    assert gone[body.rim & (x >= 44)].all()
    assert gone[body.rim & (x < 38)].mean() < 0.02


def test_the_shift_is_that_of_the_particle(frames, body):
    frames = covered(frames)
    found = follow_one(body, frames, frames, SHIFT + 0.3, np.zeros((3, 3)))
    assert np.abs(found.motion[found.model, :, 0] - SHIFT).max() < 0.02

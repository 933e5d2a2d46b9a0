from __future__ import annotations

import numpy as np
import pytest

from operando.particles.labels.sure import LARGEST_DOUBT, SURE, Solid, sure_part

BOXES = [(slice(0, 4), slice(0, 10), slice(0, 10)), (slice(4, 10), slice(0, 10), slice(0, 10))]
WHOLE = (slice(0, 10),) * 3


@pytest.fixture
def solid() -> np.ndarray:
    mask = np.zeros((10, 10, 10), bool)
    mask[:, :, 2:] = True
    return mask


def test_what_dips_is_left_out(solid) -> None:
    probability = np.where(solid, 1.0, 0.2)
    probability[:, :, 5] = SURE - 0.1
    sure = sure_part(lambda box: solid[box], probability, BOXES)(WHOLE)
    expected = solid.copy()
    expected[:, :, 5] = False
    assert (sure == expected).all()


def test_nothing_outside_the_solid_is_sure(solid) -> None:
    sure = sure_part(lambda box: solid[box], np.ones(solid.shape), BOXES)
    assert (sure(WHOLE) == solid).all()


def test_shares_and_stored_steps_tell_the_same(solid) -> None:
    steps = np.random.default_rng(0).integers(120, 256, solid.shape).astype(np.uint8)
    in_steps = sure_part(lambda box: solid[box], steps, BOXES)(WHOLE)
    in_shares = sure_part(lambda box: solid[box], steps / 255, BOXES)(WHOLE)
    assert (in_steps == in_shares).all()


def test_a_network_is_shown_how_likely_it_is_and_a_mask_as_it_is(solid) -> None:
    steps = np.random.default_rng(3).integers(0, 256, solid.shape).astype(np.uint8)
    for probability in (steps, steps / 255):
        shown = Solid.likely(lambda box: solid[box], probability, BOXES).share(BOXES[1])
        likely = np.where(solid, steps, np.minimum(steps, 127.5)) / 255
        np.testing.assert_allclose(shown, likely[4:], atol=1e-6)
    certain = Solid.certain(lambda box: solid[box])
    assert (certain.share(WHOLE) == solid).all()
    assert certain.whole is None


@pytest.mark.parametrize("highest", [0.5, 0.7, 0.84])
def test_a_model_that_is_never_sure_loses_no_more_than_a_share(solid, highest) -> None:
    probability = np.random.default_rng(1).uniform(0.35, highest, solid.shape)
    sure = sure_part(lambda box: solid[box], probability, BOXES)(WHOLE)
    assert 1 - LARGEST_DOUBT <= sure.sum() / solid.sum() < 1


def test_blocks_are_as_the_whole(solid) -> None:
    probability = np.random.default_rng(2).uniform(0.4, 1, solid.shape)
    sure = sure_part(lambda box: solid[box], probability, BOXES)
    assert (np.concatenate([sure(box) for box in BOXES]) == sure(WHOLE)).all()

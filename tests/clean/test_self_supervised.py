from __future__ import annotations

import numpy as np
import pytest

from operando.clean.self_supervised import learn
from operando.errors import Cancelled


@pytest.fixture
def noisy(grains):
    return (grains + 30 * np.random.default_rng(1).standard_normal(grains.shape)).astype(np.float32)


def test_it_learns_from_the_noisy_images_alone(grains, noisy, as_series, compare):
    learned = learn(as_series(noisy), steps=40)
    part = (slice(None), slice(0, 64), slice(0, 64))
    mended = learned.denoise(noisy[part])
    assert compare(grains[part]).removed(noisy[part], mended) > 0.6


def test_it_can_be_stopped(noisy, as_series):
    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        learn(as_series(noisy), steps=20, progress=stop)

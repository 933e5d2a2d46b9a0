from __future__ import annotations

import numpy as np
import pytest

from operando.strain.field.usual_noise import half_sample_mode, unresolved_variance, usual_noise


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sound", [1.0, 0.6, 0.3])
def test_usual_noise_is_that_of_the_sound_windows(seed, sound):
    rng = np.random.default_rng(seed)
    noise = 0.008 * np.exp(rng.normal(0, 0.015, 600))
    disturbed = rng.random(600) > sound
    noise[disturbed] *= 1 + rng.exponential(0.6, disturbed.sum())
    usual = usual_noise(noise, np.full(600, 30.0))
    assert usual.middle == pytest.approx(0.008, rel=0.02)
    assert 0.005 <= usual.scatter < 0.045


def test_mode_lies_where_values_crowd():
    values = np.sort(np.concatenate([np.linspace(0, 10, 50), np.linspace(3, 3.2, 50)]))
    assert 2.9 < half_sample_mode(values) < 3.3
    assert half_sample_mode(np.array([2.0])) == 2.0


def test_noise_alone_leaves_nothing_unresolved_and_motion_does():
    usual = usual_noise(np.full(9, 0.01), np.ones(9))
    contrast = np.full((3, 4), 0.05)
    noise = 0.01 * np.exp(usual.scatter * np.array([0.0, 2.9, 60.0]))
    found = unresolved_variance(noise, usual, contrast)
    assert (found[:2] == 0).all()
    assert found[2] == pytest.approx(2 * (noise[2] - 0.01) / 0.05 / 9)

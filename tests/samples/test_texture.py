from __future__ import annotations

import numpy as np
import pytest

from operando.samples.texture import Texture, correlated_noise


@pytest.mark.parametrize("grain", [0.0, 1.0, 2.5])
def test_noise_has_unit_variance_and_the_asked_correlation(grain):
    noise = correlated_noise((48, 48, 48), grain, np.random.default_rng(0))
    assert abs(noise.mean()) < 1e-3
    assert noise.std() == pytest.approx(1, abs=1e-3)
    neighbour = float(np.mean(noise * np.roll(noise, 1, 0)))
    # White noise smoothed by a Gaussian of width s correlates as exp(-d² / 4 s²).
    expected = np.exp(-1 / (4 * grain**2)) if grain else 0.0
    assert neighbour == pytest.approx(expected, abs=0.06)


def test_texture_is_smooth_periodic_and_of_unit_variance():
    texture = Texture(1.5, np.random.default_rng(1), period=40)
    points = np.random.default_rng(2).uniform(-50, 90, (3, 20000))
    values = texture(points)
    assert values.std() == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(texture(points + 40.0), values, atol=2e-3)
    step = np.zeros((3, 1))
    step[0] = 1e-2
    slope = (texture(points + step) - values) / 1e-2
    half = (texture(points + step / 2) - values) / 5e-3
    assert np.median(np.abs(slope - half)) < 0.02 * slope.std()

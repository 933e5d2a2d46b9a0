from __future__ import annotations

import numpy as np
import pytest

from operando.particles.measuring.profiles import depth_profile


def test_means_and_bands_of_slabs() -> None:
    depth = np.array([0.5, 1.5, 2.5, 3.5, 9.0])
    profile = depth_profile(depth, np.array([1.0, 3.0, 5.0, 5.0, np.nan]), 2)
    assert profile["depth_um"].tolist() == [1, 3]
    assert profile["mean"].tolist() == [2, 5]
    assert profile["n"].tolist() == [2, 2]
    # Student's t with one degree of freedom: 12.706 at 95 %.
    assert profile["high"][0] == pytest.approx(2 + 12.706 * np.sqrt(2) / np.sqrt(2), rel=1e-4)
    assert profile["low"][1] == profile["high"][1] == 5


def test_the_band_holds_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        depth = rng.uniform(0, 10, 60)
        profile = depth_profile(depth, rng.normal(4, 2, 60), 5)
        held += ((profile["low"] < 4) & (profile["high"] > 4)).tolist()
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


def test_by_default_ten_slabs_over_the_range() -> None:
    depth = np.linspace(20, 30, 500)
    profile = depth_profile(depth, 2 * depth)
    assert len(profile) == 10
    np.testing.assert_allclose(profile["mean"], 2 * profile["depth_um"], rtol=0.002)


def test_nothing_is_an_empty_profile() -> None:
    assert len(depth_profile(np.array([np.nan]), np.array([1.0]))) == 0

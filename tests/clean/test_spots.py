from __future__ import annotations

import numpy as np

from operando.clean import remove_spots


def test_bright_spots_go_and_all_else_stays(grains, compare):
    rng = np.random.default_rng(1)
    clean = (grains[6] + 5 * rng.standard_normal(grains[6].shape)).astype(np.float32)
    damaged = clean.copy()
    for y, x in rng.integers(5, 150, (30, 2)):
        damaged[y : y + 2, x : x + 2] += 300
    mended = remove_spots(damaged)
    assert compare(clean).removed(damaged, mended) > 0.95
    assert np.mean(mended[damaged == clean] != clean[damaged == clean]) < 0.02


def test_dark_spots_are_bright_ones_upside_down(grains):
    damaged = grains[6].copy()
    damaged[50, 50] -= 400
    np.testing.assert_allclose(
        remove_spots(damaged, which="dark"), -remove_spots(-damaged, which="bright"), atol=1e-3
    )
    assert remove_spots(damaged, which="both")[50, 50] > 50


def test_structures_larger_than_a_spot_stay(grains, compare):
    assert compare(grains[6]).changed(remove_spots(grains[6])) < 0.1
    square = np.zeros((40, 40), np.float32)
    square[10:16, 20:30] = 100
    np.testing.assert_array_equal(remove_spots(square), square)

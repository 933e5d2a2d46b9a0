from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

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
    assert compare(grains[6]).changed(remove_spots(grains[6])) < 0.03
    square = np.zeros((40, 40), np.float32)
    square[10:16, 20:30] = 100
    np.testing.assert_array_equal(remove_spots(square), square)


@pytest.mark.parametrize("height", [120, 300])
def test_fine_grains_are_no_spots(compare, height):
    """Bits of a phase that are smaller than a spot are as bright as the phase around them."""
    rng = np.random.default_rng(3)
    texture = gaussian_filter(rng.standard_normal((200, 200)), 2)
    phases = gaussian_filter((texture > 0).astype(float), 0.7)
    clean = (100 + 100 * phases + 3 * rng.standard_normal(phases.shape)).astype(np.float32)
    damaged = clean.copy()
    for y, x in rng.integers(5, 190, (30, 2)):
        damaged[y : y + 2, x : x + 2] += height
    assert compare(clean).removed(damaged, remove_spots(damaged)) > 0.85
    assert compare(clean).changed(remove_spots(clean)) < 0.03

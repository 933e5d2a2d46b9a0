from __future__ import annotations

import numpy as np

from operando.strain.particles.search import masked_ncc, shift_of_best_match


def test_ncc_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    region, template = rng.random((9, 10, 11)), rng.random((4, 5, 3))
    weights = (rng.random(template.shape) > 0.3).astype(np.float32)
    found = masked_ncc(template.astype(np.float32), weights, region.astype(np.float32))
    assert found.shape == (6, 6, 9)
    on = weights > 0
    for place in ((0, 0, 0), (3, 2, 5), (5, 5, 8)):
        window = region[tuple(slice(p, p + n) for p, n in zip(place, template.shape, strict=True))]
        expected = np.corrcoef(window[on], template[on])[0, 1]
        assert np.isclose(found[place], expected, atol=1e-5)


def test_a_far_shift_is_found_despite_contrast():
    rng = np.random.default_rng(1)
    reference = rng.random((40, 40, 40)).astype(np.float32)
    moved = 5 - 0.3 * -np.roll(reference, (4, -6, 7), axis=(0, 1, 2))
    shift = shift_of_best_match(
        reference,
        moved,
        np.array([20, 20, 20]),
        np.array([5, 5, 5]),
        np.array([1, -1, 0]),
        reach=8,
    )
    assert np.array_equal(shift, [4, -6, 7])


def test_a_window_that_does_not_fit_keeps_the_guess():
    volume = np.zeros((12, 12, 12), np.float32)
    shift = shift_of_best_match(
        volume, volume, np.array([6] * 3), np.array([5] * 3), np.array([9, 0, 0]), reach=1
    )
    assert np.array_equal(shift, [9, 0, 0])

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.ndimage import map_coordinates, spline_filter

from operando.strain.volumes.bspline import PAD, coefficients, noise_gain_table, weight_polynomials
from operando.strain.volumes.vectors import cubic_block, quintic_block


@njit
def _quintic(coef, origin, plane, row, motion, out):
    todo = 255
    calls = 0
    while todo:
        lane = 0
        while not (todo >> lane) & 1:
            lane += 1
        todo &= ~quintic_block(coef, origin, plane, row, motion, lane, out, 0)
        calls += 1
    return calls


@njit
def _cubic(coef, origin, plane, row, motion, out):
    return cubic_block(coef, origin, plane, row, motion, 0, out, 0)


@pytest.fixture(scope="module")
def volume():
    return np.random.default_rng(0).standard_normal((17, 19, 23)).astype(np.float32)


@pytest.mark.parametrize("degree", [3, 5])
def test_coefficients_agree_with_scipy(volume, degree):
    inner = tuple(slice(p, -p) for p in PAD)
    expected = spline_filter(volume.astype(float), degree, mode="mirror")
    found = coefficients(volume, degree)
    assert np.abs(found[inner] - expected).max() < 2e-5 * np.abs(expected).max()
    padded = np.pad(expected, [(p, p) for p in PAD], mode="reflect")
    assert np.abs(found - padded).max() < 2e-5 * np.abs(expected).max()


def test_a_row_that_crosses_voxel_borders_agrees_with_scipy(volume):
    coef = coefficients(volume, 5)
    plane, row = coef.shape[1] * coef.shape[2], coef.shape[2]
    at = (8, 9, 7)
    motion = np.array([0.3, 0.15, 0.01, -1.2, -0.1, 0, 2.6, 0.07, 0.003], np.float32)
    out = np.zeros(8, np.float32)
    origin = (at[0] + PAD[0]) * plane + (at[1] + PAD[1]) * row + at[2] + PAD[2]
    assert _quintic(coef.ravel(), origin, plane, row, motion, out) > 1
    lane = np.arange(8)
    u = [m[0] + m[1] * lane + m[2] * lane**2 for m in motion.reshape(3, 3).astype(float)]
    places = [at[0] + u[0], at[1] + u[1], at[2] + lane + u[2]]
    spline = spline_filter(volume.astype(float), 5, mode="mirror")
    expected = map_coordinates(spline, places, order=5, prefilter=False)
    np.testing.assert_allclose(out, expected, atol=2e-5)


def test_cubic_block_without_motion_returns_the_voxels(volume):
    coef = coefficients(volume, 3)
    plane, row = coef.shape[1] * coef.shape[2], coef.shape[2]
    out = np.zeros(8, np.float32)
    origin = (3 + PAD[0]) * plane + (4 + PAD[1]) * row + 5 + PAD[2]
    assert _cubic(coef.ravel(), origin, plane, row, np.zeros(9, np.float32), out) == 255
    np.testing.assert_allclose(out, volume[3, 4, 5:13], atol=1e-5)


@pytest.mark.parametrize("degree", [3, 5])
def test_weights_sum_to_one_and_reproduce_lines(degree):
    t = np.linspace(0, 1, 7)
    weights = weight_polynomials(degree) @ t ** np.arange(degree + 1)[:, None]
    taps = np.arange(degree + 1) - (degree - 1) // 2
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(taps @ weights, t, atol=1e-12)


def test_noise_gain_is_that_of_interpolated_noise():
    noise = np.random.default_rng(1).standard_normal(20000)
    spline = spline_filter(noise, 5, mode="mirror")
    table = noise_gain_table(5)
    for share in (0.1, 0.5):
        moved = map_coordinates(spline, [np.arange(100, 19900) + share], order=5, prefilter=False)
        assert moved.var() / noise.var() == pytest.approx(table[int(share * len(table))], abs=0.03)

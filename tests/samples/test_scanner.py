from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.samples.scanner import FrameRandom, illumination, optics, rings, scan
from operando.samples.settings import PERFECT_SCANNER

SHAPE = (20, 40, 44)


def random(seed=0):
    return FrameRandom(np.random.SeedSequence(seed))


def flat(level=0.5):
    return np.full(SHAPE, level, np.float32)


def step_edge():
    edge = flat(0.3)
    edge[..., 22:] = 0.7
    return edge


def scanned(levels=None, t=0, **changes):
    image = scan(
        flat() if levels is None else levels, t, replace(PERFECT_SCANNER, **changes), random()
    )
    return image.astype(float) / 65535


def test_a_perfect_scanner_changes_nothing():
    levels = np.random.default_rng(0).uniform(0, 1, SHAPE).astype(np.float32)
    for t in (0, 3):
        np.testing.assert_allclose(scanned(levels, t), levels, atol=1e-5)


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_noise_has_the_asked_strength_at_half_of_full_scale(noise):
    image = scanned(noise=noise)
    assert image.std() == pytest.approx(noise, rel=0.03)
    assert image.mean() == pytest.approx(0.5, abs=0.002)


def test_noise_differs_between_frames_and_grows_with_brightness():
    first, second = scanned(noise=0.05), scanned(noise=0.05, t=1)
    assert abs(np.corrcoef((first - 0.5).ravel(), (second - 0.5).ravel())[0, 1]) < 0.03
    assert scanned(flat(0.75), noise=0.03).std() > 1.3 * scanned(flat(0.15), noise=0.03).std()


def test_blur_is_a_gaussian():
    np.testing.assert_allclose(
        scanned(step_edge(), blur=1.5), gaussian_filter(step_edge(), 1.5), atol=2e-3
    )


def test_fringes_enhance_edges_and_keep_flat_places():
    plain = optics(step_edge(), replace(PERFECT_SCANNER, blur=1.0))
    fringed = optics(step_edge(), replace(PERFECT_SCANNER, blur=1.0, fringes=1.0))
    assert fringed.max() > plain.max() + 0.02
    assert fringed.min() < plain.min() - 0.02
    np.testing.assert_allclose(fringed[..., :15], 0.3, atol=1e-4)
    assert fringed.mean() == pytest.approx(plain.mean(), abs=1e-4)


def test_rings_depend_on_height_and_radius_only():
    image = rings(SHAPE, 0.05, random().fixed(1), random().frame(0, 1))
    y, x = np.indices(SHAPE[1:])
    radius = np.hypot(y - (SHAPE[1] - 1) / 2, x - (SHAPE[2] - 1) / 2)
    np.testing.assert_allclose(image, image[:, ::-1, ::-1], atol=1e-5)
    for z in (0, 9):
        same = np.isclose(radius, 13.0208, atol=0.3)
        assert image[z][same].std() < 0.5 * image[z].std()
    assert 0.02 < image.std() < 0.08


def test_rings_are_nearly_the_same_in_all_frames():
    first = rings(SHAPE, 0.05, random().fixed(1), random().frame(0, 1))
    later = rings(SHAPE, 0.05, random().fixed(1), random().frame(2, 1))
    assert 0.4 < np.corrcoef(first.ravel(), later.ravel())[0, 1] < 0.95


def test_illumination_is_slow_and_as_strong_as_asked():
    factor = illumination(SHAPE, 0.3, random().fixed(0))
    assert np.abs(factor - 1).max() == pytest.approx(0.3, abs=1e-5)
    assert factor.mean() == pytest.approx(1, abs=1e-3)
    for axis in range(3):
        third = np.diff(factor.astype(float), n=3, axis=axis)
        assert np.abs(third).max() < 1e-5


def test_brightness_changes_between_frames_but_not_in_the_first():
    assert scanned(gain=0.2, offset=0.1).mean() == pytest.approx(0.5, abs=1e-4)
    means = [scanned(t=t, gain=0.2).mean() for t in range(1, 30)]
    assert np.abs(np.divide(means, 0.5) - 1).max() <= 0.2001
    assert np.std(means) > 0.03


def test_few_bits_give_few_grey_levels():
    ramp = np.linspace(0, 1, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    image = scan(ramp, 0, replace(PERFECT_SCANNER, bits=6), random())
    assert image.dtype == np.uint16
    assert len(np.unique(image)) == 64
    assert np.all(image % 2**10 == 0)

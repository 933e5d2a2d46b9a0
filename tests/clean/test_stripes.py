from __future__ import annotations

import numpy as np
import pytest

from operando.clean import remove_stripes


def curtains(shape, width, seed=1):
    rng = np.random.default_rng(seed)
    n = shape[1] // width
    heights = 20 * rng.standard_normal(n) * (rng.random(n) < 0.4)
    return np.repeat(heights, width)[None] * np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("method", "share", "error"), [("median", 0.9, 0.1), ("wavelet", 0.5, 0.2)]
)
def test_narrow_stripes_go(grains, compare, method, share, error):
    clean = grains[6]
    damaged = (clean + curtains(clean.shape, 1)).astype(np.float32)
    mended = remove_stripes(damaged, method=method)
    assert compare(clean).removed(damaged, mended) > share
    assert compare(clean).changed(mended) < error


@pytest.mark.parametrize(("width", "widest", "share"), [(4, 8, 0.5), (4, 16, 0.7), (10, 32, 0.9)])
def test_wider_stripes_go_mostly(grains, compare, width, widest, share):
    """Also those half as wide as the grains."""
    clean = grains[6]
    damaged = (clean + curtains(clean.shape, width)).astype(np.float32)
    assert compare(clean).removed(damaged, remove_stripes(damaged, widest=widest)) > share


def test_stripes_go_among_noise(grains, compare):
    noisy = grains[6] + 15 * np.random.default_rng(2).standard_normal(grains[6].shape)
    damaged = (noisy + curtains(noisy.shape, 1)).astype(np.float32)
    assert compare(noisy).removed(damaged, remove_stripes(damaged)) > 0.8


@pytest.mark.parametrize(("method", "most"), [("median", 0.01), ("wavelet", 0.13)])
def test_clean_images_hardly_change(grains, compare, method, most):
    assert compare(grains[6]).changed(remove_stripes(grains[6], method=method)) < most


def test_the_direction_is_respected(grains):
    damaged = (grains[6] + curtains(grains[6].shape, 1)).astype(np.float32)
    along_x = remove_stripes(np.ascontiguousarray(damaged.T), direction="x")
    np.testing.assert_allclose(along_x.T, remove_stripes(damaged, direction="y"), atol=1e-3)


def test_half_the_strength_takes_half(grains):
    damaged = (grains[6] + curtains(grains[6].shape, 1)).astype(np.float32)
    whole = damaged - remove_stripes(damaged)
    half = damaged - remove_stripes(damaged, strength=0.5)
    np.testing.assert_allclose(half, whole / 2, atol=1e-3)
    assert remove_stripes(damaged, strength=0) is damaged

from __future__ import annotations

import numpy as np
import pytest

from operando.clean import Denoise, denoise
from operando.clean.noise import frame_noise, noise_sigma
from operando.compute.blocks import Extent, filter_blocks


@pytest.mark.parametrize("method", ["nlm", "tv"])
def test_noise_goes_and_signal_stays(grains, compare, method):
    small = grains[:8, :64, :64]
    noisy = (small + 20 * np.random.default_rng(1).standard_normal(small.shape)).astype(np.float32)
    mended = denoise(noisy, 20.0, method=method)
    assert compare(small).removed(noisy, mended) > 0.8
    assert compare(small).changed(mended) < 0.2


@pytest.mark.parametrize("method", ["nlm", "tv"])
def test_clean_images_hardly_change(grains, compare, method):
    small = grains[:8, :64, :64]
    assert compare(small).changed(denoise(small, noise_sigma(small), method=method)) < 0.01


def test_noise_is_measured_beside_structure(grains):
    noisy = grains + 20 * np.random.default_rng(1).standard_normal(grains.shape)
    assert noise_sigma(noisy) == pytest.approx(20, rel=0.03)
    assert noise_sigma(grains) < 0.5


def test_no_strength_no_change(grains):
    assert denoise(grains, 20.0, strength=0) is grains


def test_blocks_fit_together(grains, as_series):
    noisy = grains + 20 * np.random.default_rng(1).standard_normal(grains.shape)
    operation = Denoise(method="tv")
    series = as_series(noisy.astype(np.float32))
    prepared = operation.prepare(series)
    halo = operation.extent((100, 500, 500)).halo
    out = np.zeros(series.data.shape, np.float32)
    filter_blocks(
        series.data,
        out,
        lambda block, place: operation.apply(block, place, prepared),
        Extent((12, 48, 48), halo),
    )
    whole = denoise(noisy.astype(np.float32), prepared[0, 0], method="tv")
    assert np.abs(out[0, 0] - whole).max() < 1.0


@pytest.mark.parametrize("radius", [0.95, 0.6])
def test_noise_is_that_of_what_was_imaged(grains, as_series, radius):
    rows, columns = np.ogrid[-1:1:160j, -1:1:160j]
    noisy = grains + 20 * np.random.default_rng(1).standard_normal(grains.shape)
    series = as_series(np.where(np.hypot(rows, columns) < radius, noisy, 0).astype(np.float32))
    assert frame_noise(series)[0, 0] == pytest.approx(20, rel=0.05)

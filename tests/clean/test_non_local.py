from __future__ import annotations

import numpy as np
import pytest

from operando.clean.denoise import Denoise
from operando.clean.non_local import non_local_means, reach
from operando.compute.blocks import Extent, filter_blocks


def noisy(clean, sigma=10.0):
    noise = sigma * np.random.default_rng(2).standard_normal(clean.shape)
    return (clean + noise).astype(np.float32)


@pytest.mark.parametrize("part", [np.s_[:, :48, :48], np.s_[6, :96, :96]])
def test_nothing_is_moved(grains, part):
    """Along every axis the error holds no share of the slope, which a shift would leave."""
    clean = grains[part]
    error = non_local_means(noisy(clean), 10.0) - clean
    slopes = np.gradient(clean)
    for slope in slopes:
        assert abs((error * slope).sum() / (slope**2).sum()) < 0.03


def test_a_mirrored_image_gives_the_mirrored_result(grains):
    image = noisy(grains[:, :40, :40])
    mirrored = np.ascontiguousarray(image[::-1, ::-1, ::-1])
    expected = non_local_means(image, 10.0)
    np.testing.assert_allclose(
        non_local_means(mirrored, 10.0)[::-1, ::-1, ::-1], expected, atol=0.01
    )


def test_most_of_the_noise_goes_from_even_grey():
    image = noisy(np.full((10, 32, 32), 100.0))
    assert non_local_means(image, 10.0).std() < 1.5


@pytest.mark.parametrize("part", [np.s_[:8, :60, :60], np.s_[6:7, :96, :96]])
def test_blocks_fit_together(grains, as_series, part):
    series = as_series(noisy(grains[part]))
    operation = Denoise()
    prepared = operation.prepare(series)
    far = operation.extent(series.volume_shape).halo
    assert max(far) == reach(series.volume_shape[0])
    found = []
    for extent in (Extent((99, 999, 999)), Extent((99, 32, 25), far)):
        out = np.zeros(series.data.shape, np.float32)
        filter_blocks(
            series.data, out, lambda block, place: operation.apply(block, place, prepared), extent
        )
        found.append(out)
    np.testing.assert_allclose(found[1], found[0], atol=0.01)

from __future__ import annotations

import numpy as np
import pytest

from operando.clean import bin_voxels, crop, mask_outside, rescale
from operando.errors import InputError


@pytest.fixture
def ramp(as_series):
    z, y, x = np.indices((12, 20, 24))
    return as_series((100 * z + 10 * y + x).astype(np.uint16), chunks=(1, 1, 5, 7, 9))


def test_binning_averages_and_enlarges_voxels(ramp):
    binned = bin_voxels(ramp, (2, 4, 3))
    assert binned.volume_shape == (6, 5, 8)
    assert binned.voxel_size == (2.0, 4.0, 3.0)
    blocks = ramp.frame(0).reshape(6, 2, 5, 4, 8, 3).mean(axis=(1, 3, 5))
    assert np.abs(binned.frame(0) - blocks).max() <= 0.5


def test_what_is_left_over_is_dropped(ramp):
    assert bin_voxels(ramp, (5, 1, 1)).volume_shape == (2, 20, 24)


@pytest.mark.parametrize("factor", [(0, 1, 1), (1, 1), (13, 1, 1)])
def test_impossible_binning_is_refused(ramp, factor):
    with pytest.raises(InputError, match="cannot be binned"):
        bin_voxels(ramp, factor)


def test_rescaling_keeps_a_ramp_where_it_is(ramp):
    scaled = rescale(ramp, (1.0, 1.25, 1.6))
    assert scaled.volume_shape == (12, 16, 15)
    z, y, x = np.indices(scaled.volume_shape)
    expected = 100 * z + 10 * (1.25 * (y + 0.5) - 0.5) + 1.6 * (x + 0.5) - 0.5
    inner = (slice(None), slice(1, -1), slice(1, -1))
    assert np.abs(scaled.frame(0)[inner] - expected[inner]).max() <= 0.5001


def test_rescaling_along_some_axes_averages_all_voxels_that_become_one(as_series, rng):
    noise = as_series(rng.normal(size=(8, 12, 10)).astype(np.float32))
    scaled = rescale(noise, (1.0, 2.0, 3.0))
    assert scaled.volume_shape == (8, 6, 3)
    assert scaled.voxel_size == (1.0, 2.0, 3.0)
    blocks = noise.frame(0)[:, :, :9].reshape(8, 6, 2, 3, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(scaled.frame(0), blocks, rtol=1e-5, atol=1e-6)


def test_a_crop_is_lazy_and_may_not_be_empty(ramp):
    part = crop(ramp, (slice(2, 5), slice(None), slice(3, 9)))
    np.testing.assert_array_equal(part.frame(0), ramp.frame(0)[2:5, :, 3:9])
    with pytest.raises(InputError, match="holds no voxel"):
        crop(ramp, (slice(20, 30), slice(None), slice(None)))


def test_a_mask_blanks_the_rest(ramp):
    mask = np.zeros(ramp.volume_shape, bool)
    mask[3:6] = True
    masked = mask_outside(ramp, mask, value=7)
    np.testing.assert_array_equal(masked.frame(0)[mask], ramp.frame(0)[mask])
    assert (masked.frame(0)[~mask] == 7).all()
    assert masked.data.dtype == np.uint16

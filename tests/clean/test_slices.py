from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from operando.clean import AlignSlices
from operando.clean.slices import drift_to_remove, move_slice, slice_shift
from operando.compute.blocks import Place


@pytest.fixture
def stack():
    noise = np.random.default_rng(8).standard_normal((24, 64, 64))
    return gaussian_filter(noise, (6, 2, 2)).astype(np.float32)


def test_jumping_slices_are_brought_in_line(stack, as_series, compare):
    jumps = np.random.default_rng(0).uniform(-2, 2, (24, 2))
    jumps -= jumps.mean(axis=0)
    damaged = np.stack([shift(s, j, mode="nearest") for s, j in zip(stack, jumps, strict=True)])
    operation = AlignSlices(keep=0)
    series = as_series(damaged)
    prepared = operation.prepare(series)
    found = prepared[0] - prepared[0].mean(axis=0)
    assert np.abs(found - jumps).max() < 0.5
    box = tuple(slice(0, n) for n in stack.shape)
    mended = operation.apply(damaged, Place(0, 0, box), prepared)
    inner = (slice(None), slice(6, -6), slice(6, -6))
    offset = prepared[0].mean(axis=0)
    expected = np.stack([shift(s, -offset, mode="nearest") for s in stack])
    assert compare(expected[inner]).removed(damaged[inner], mended[inner]) > 0.8


def test_a_slow_drift_is_structure():
    slow = np.stack([np.linspace(0, 30, 60)] * 2, axis=1)
    assert np.abs(drift_to_remove(slow, 10.0)[10:-10]).max() < 0.05
    assert drift_to_remove(slow, 0) is slow


def test_the_tilt_shears_along_y(stack, as_series):
    prepared = AlignSlices(jumps=False, tilt=45).prepare(as_series(stack))
    np.testing.assert_allclose(np.diff(prepared[0][:, 0]), 1.0)
    np.testing.assert_allclose(prepared[0][:, 1], 0.0)


def test_a_shift_is_found_to_a_tenth(stack):
    moved = shift(stack[3], (1.4, -2.6), mode="wrap")
    np.testing.assert_allclose(slice_shift(stack[3], moved), (1.4, -2.6), atol=0.15)


def test_what_was_not_imaged_stays_so_and_spoils_nothing(stack):
    image = stack[5].copy()
    image[:8, :8] = np.nan
    np.testing.assert_allclose(
        slice_shift(image, move_slice(image, np.array([1.5, -2.0]))), (1.5, -2.0), atol=0.2
    )
    moved = move_slice(image, np.array([2.0, 1.0]))
    np.testing.assert_array_equal(np.isnan(moved[2:, 1:]), np.isnan(image[:-2, :-1]))
    inside = (slice(12, 60), slice(12, 60))
    np.testing.assert_allclose(moved[inside], stack[5][10:58, 11:59], atol=1e-4)
    assert not slice_shift(image * np.nan, image).any()


def test_infinite_voxels_do_not_count(stack):
    moved = shift(stack[0], (1.5, -2), mode="nearest")
    moved[20, 20] = np.inf
    np.testing.assert_allclose(slice_shift(stack[0], moved), (1.5, -2), atol=0.1)

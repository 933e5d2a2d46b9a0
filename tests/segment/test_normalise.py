from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.frames import Frames
from operando.segment.normalise import grey_scale


def image() -> np.ndarray:
    return np.random.default_rng(0).normal(100, 20, (2, 40, 64, 64)).astype(np.float32)


def test_percentiles_become_minus_one_and_one() -> None:
    frames = Frames(image())
    scaled = grey_scale(frames, 0, (5, 95)).apply(image()[:1])
    np.testing.assert_allclose(np.percentile(scaled, (5, 95)), (-1, 1), atol=0.02)


def test_brightness_and_contrast_do_not_matter() -> None:
    first = image()[:1]
    second = first * 3 + 1000
    one, two = (grey_scale(Frames(v), 0).apply(v) for v in (first, second))
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_hot_voxels_are_cut_off() -> None:
    spoiled = image()
    spoiled[0, 5, 5, 5] = 1e9
    scaled = grey_scale(Frames(spoiled), 0).apply(spoiled[:1])
    assert scaled.max() == 4
    np.testing.assert_allclose(np.median(scaled), 0, atol=0.05)


def test_channels_have_scales_of_their_own() -> None:
    channels = np.stack([image()[0], image()[1] * 100])[None]
    scaled = grey_scale(Frames(channels), 0).apply(channels[0])
    np.testing.assert_allclose(scaled[0].std(), scaled[1].std(), rtol=0.05)


def test_a_flat_image_stays_finite() -> None:
    flat = np.full((4, 8, 8), 7, np.uint16)
    np.testing.assert_array_equal(grey_scale(Frames(flat), 0).apply(flat[None]), -1)


@pytest.mark.parametrize("kind", [np.int32, np.float32, np.float64])
def test_a_flat_image_of_large_numbers_stays_finite(kind: type) -> None:
    """Single precision knows no number between 30,000,000 and 30,000,002."""
    flat = np.full((4, 8, 8), 30_000_000, kind)
    np.testing.assert_array_equal(grey_scale(Frames(flat), 0).apply(flat[None]), -1)


def test_small_contrast_on_large_numbers_is_kept() -> None:
    near = image()[:1].astype(np.float64) / 100
    far = near + 1e9
    expected = grey_scale(Frames(near), 0).apply(near)
    np.testing.assert_allclose(grey_scale(Frames(far), 0).apply(far), expected, atol=1e-5)


def test_a_mask_counts_as_grey_values() -> None:
    mask = image() > 100
    np.testing.assert_array_equal(
        grey_scale(Frames(mask), 0).apply(mask[:1]), np.where(mask[:1], 1, -1)
    )


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_what_was_not_imaged_does_not_count(hole: float) -> None:
    whole = image()
    holed = np.concatenate([whole, np.full_like(whole, hole)], axis=-1)
    scale = grey_scale(Frames(holed), 1)
    expected = grey_scale(Frames(whole), 1)
    np.testing.assert_allclose([scale.low, scale.high], [expected.low, expected.high])
    scaled = scale.apply(holed[1][None])
    np.testing.assert_array_equal(scaled[..., whole.shape[-1] :], 0)
    with pytest.raises(InputError, match="Frame 1 holds only NaN"):
        grey_scale(Frames(np.full_like(whole, hole)), 1)


def test_only_the_slices_that_are_looked_at_are_read() -> None:
    """Of a stack of compressed files, each around a slice would be unpacked many times."""

    class Counting:
        shape, dtype, read = (1, 400, 64, 64), np.dtype(np.float32), 0

        def __getitem__(self, index: tuple[int | slice, ...]) -> np.ndarray:
            out = np.zeros(self.shape, self.dtype)[index]
            self.read += out.size
            return out

    images = Counting()
    grey_scale(Frames(images), 0)
    assert images.read <= 13 * 64 * 64


def test_blank_slices_do_not_count() -> None:
    whole = image()
    padded = np.pad(whole, ((0, 0), (8, 8), (0, 0), (0, 0)))
    scales = [grey_scale(Frames(v), 0) for v in (padded, whole)]
    inside, expected = (scale.apply(whole[:1]) for scale in scales)
    np.testing.assert_allclose(inside, expected, atol=0.05)
    blank = grey_scale(Frames(np.zeros_like(whole)), 0).apply(whole[:1] * 0)
    assert (blank == -1).all()

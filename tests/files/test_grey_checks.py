from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from operando.files.grey_checks import frame_warnings, grey_warnings, in_plane_shift


@pytest.fixture
def texture(rng: np.random.Generator) -> np.ndarray:
    smooth = ndimage.gaussian_filter(rng.normal(size=(120, 140)), 2)
    return np.clip(30_000 + 60_000 * smooth, 0, 65_000).astype(np.uint16)


def test_a_sound_slice_has_no_warnings(texture: np.ndarray) -> None:
    assert grey_warnings(texture) == []


def test_saturation_is_told_with_its_share(texture: np.ndarray) -> None:
    limit = np.percentile(texture, 95)
    (warning,) = grey_warnings(np.minimum(texture, np.uint16(limit)))
    assert warning.startswith("5 % of the voxels")


def test_a_dark_surrounding_is_no_saturation(texture: np.ndarray) -> None:
    texture[:, :60] = 0
    assert grey_warnings(texture) == []


def test_few_grey_levels(texture: np.ndarray) -> None:
    (warning,) = grey_warnings((texture // 600) * np.uint16(600))
    assert "16 bits but only" in warning


def test_eight_bits_stretched_to_sixteen(rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (200, 200)).astype(np.uint16)
    assert grey_warnings(image) == []
    (warning,) = grey_warnings(image * 257)
    assert "16 bits but only 256 grey levels" in warning


@pytest.mark.parametrize("shift", [(0, 0), (5, -9), (-12, 0), (0, 20)])
def test_shift_is_found_under_noise(
    texture: np.ndarray, shift: tuple[int, int], rng: np.random.Generator
) -> None:
    large = ndimage.gaussian_filter(rng.normal(size=(200, 220)), 2)
    dy, dx = shift
    here = large[40:160, 40:180]
    there = large[40 - dy : 160 - dy, 40 - dx : 180 - dx]
    noisy = there + rng.normal(size=there.shape) * 0.5 * large.std()
    assert in_plane_shift(here, noisy) == shift


def test_unrelated_images_have_no_shift(rng: np.random.Generator) -> None:
    first, second = ndimage.gaussian_filter(rng.normal(size=(2, 120, 140)), (0, 2, 2))
    assert in_plane_shift(first, second) == (0, 0)


def test_frames_that_are_empty_repeated_or_shifted(texture: np.ndarray) -> None:
    moved = np.roll(texture, (0, 15), (0, 1))
    slices = [texture, texture, np.zeros_like(texture), texture + 1, moved]
    empty, repeated, shifted = frame_warnings(slices, [0, 1, 2, 3, 4])
    assert "frame 2" in empty
    assert "frames 0 and 1" in repeated
    assert "frame 4 by about 0 × 15 voxels" in shifted


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_margin_is_told(kind: type) -> None:
    image = np.random.default_rng(0).normal(500, 60, (90, 90)).astype(kind)
    assert not any("margin" in text for text in grey_warnings(image))
    y, x = np.indices(image.shape)
    image[np.hypot(y - 44.5, x - 44.5) > 45] = 0
    assert any("grey value 0 fills 21 %" in text for text in grey_warnings(image))

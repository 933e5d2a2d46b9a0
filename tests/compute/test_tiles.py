from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from operando.compute import blend_weights, plan_tiles
from operando.compute.tiles import overlapping_starts
from operando.errors import InputError


@pytest.mark.parametrize(
    ("shape", "size", "halo"),
    [
        ((10,), (3,), 0),
        ((7, 9), (7, 4), 2),
        ((5, 6, 7), (2, 3, 10), (1, 0, 5)),
        ((3, 4), (9, 9), 9),
    ],
)
def test_cores_cover_a_volume_exactly_once(
    shape: tuple[int, ...], size: tuple[int, ...], halo: int | tuple[int, ...]
) -> None:
    count = np.zeros(shape, int)
    for tile in plan_tiles(shape, size, halo):
        count[tile.core] += 1
        assert all(s.stop - s.start <= n for s, n in zip(tile.core, size, strict=True))
        assert all(0 <= s.start < s.stop <= n for s, n in zip(tile.padded, shape, strict=True))
    assert (count == 1).all()


def test_a_filter_by_tiles_is_the_filter_of_the_whole() -> None:
    image = np.random.default_rng(0).random((23, 31, 18))
    whole = uniform_filter(image, 5, mode="nearest")
    tiled = np.empty_like(image)
    for tile in plan_tiles(image.shape, (8, 10, 9), halo=2):
        block = uniform_filter(image[tile.padded], 5, mode="nearest")
        tiled[tile.core] = block[tile.inner]
    # The running mean of scipy rounds differently from block to block.
    assert np.allclose(tiled, whole, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "halo"), [((0, 2), 0), ((2,), 0), ((2, 2), -1), ((2, 2), (1,)), ((2, 2), (1, 1, 1))]
)
def test_tiles_that_cannot_be_cut_are_refused(
    size: tuple[int, ...], halo: int | tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="cannot be cut"):
        plan_tiles((4, 4), size, halo)


@pytest.mark.parametrize("length", [1, 5, 16, 17, 31, 100])
@pytest.mark.parametrize(("window", "overlap"), [(16, 4), (16, 0), (16, 8), (7, 6), (5, 9)])
def test_windows_cover_an_axis_with_the_overlap(length: int, window: int, overlap: int) -> None:
    starts = overlapping_starts(length, window, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - window)
    steps = np.diff(starts)
    assert (steps > 0).all()
    assert (steps <= max(1, window - overlap)).all()


@pytest.mark.parametrize("shape", [(1,), (8, 9), (3, 64, 65)])
def test_blended_windows_give_back_what_they_agree_on(shape: tuple[int, ...]) -> None:
    weights = blend_weights(shape)
    assert weights.shape == shape
    assert weights.dtype == np.float32
    assert (weights > 0).all()
    for axis in range(len(shape)):
        assert np.allclose(weights, np.flip(weights, axis), atol=1e-6)
    full = np.random.default_rng(1).random([2 * n for n in shape])
    total, norm = np.zeros_like(full), np.zeros_like(full)
    starts = [overlapping_starts(2 * n, n, n // 2) for n in shape]
    for corner in product(*starts):
        box = tuple(slice(a, a + n) for a, n in zip(corner, shape, strict=True))
        total[box] += weights * full[box]
        norm[box] += weights
    assert np.allclose(total / norm, full)


def test_weights_fade_towards_the_faces() -> None:
    weights = blend_weights((32, 32))
    assert weights[16, 16] > 0.9
    assert (np.diff(weights[16, 16:]) <= 0).all()
    assert np.isclose(
        weights[16, 20] / weights[16, 16], np.exp(-0.5 * (4.5**2 - 0.5**2) / 16), 1e-4
    )

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.inference import WindowGrid, blend

SHAPE = (30, 50, 41)


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    return np.random.default_rng(0).random((1, *SHAPE), np.float32)


def uneven(windows: np.ndarray) -> np.ndarray:
    """Answer that depends on the whole window, so that windows disagree where they overlap."""
    mean = windows.mean(axis=(2, 3, 4), keepdims=True)
    first = np.clip(windows * mean, 0, 1)
    return np.concatenate([first, 1 - first], axis=1)


def assemble(volume: np.ndarray, grid: WindowGrid, block: tuple[int, int, int]) -> np.ndarray:
    out = np.full((2, *SHAPE), np.nan, np.float32)
    for part in blend(lambda box: volume[:, *box], uneven, grid, block):
        assert np.isnan(out[:, *part.box]).all()
        out[:, *part.box] = part.probabilities
    return out


def grid(window: tuple[int, int, int] = (12, 16, 41)) -> WindowGrid:
    return WindowGrid(shape=SHAPE, window=window, overlap=(4, 5, 0))


def test_equals_the_weighted_mean_of_all_windows(volume: np.ndarray) -> None:
    from operando.compute.tiles import blend_weights, overlapping_starts

    total, weight = np.zeros((2, *SHAPE)), np.zeros(SHAPE)
    starts = map(overlapping_starts, SHAPE, (12, 16, 41), (4, 5, 0))
    w = blend_weights((12, 16, 41))
    for z, y, x in product(*starts):
        box = (slice(z, z + 12), slice(y, y + 16), slice(x, x + 41))
        total[:, *box] += uneven(volume[None, :, *box])[0] * w
        weight[box] += w
    np.testing.assert_allclose(assemble(volume, grid(), SHAPE), total / weight, atol=1e-5)


@pytest.mark.parametrize("block", [(30, 50, 41), (7, 50, 41), (13, 20, 41), (8, 9, 10), (1, 50, 5)])
def test_blocks_equal_the_whole(volume: np.ndarray, block: tuple[int, int, int]) -> None:
    whole = assemble(volume, grid(), SHAPE)
    np.testing.assert_array_equal(assemble(volume, grid(), block), whole)


def test_adds_up_to_one(volume: np.ndarray) -> None:
    np.testing.assert_allclose(assemble(volume, grid(), (10, 25, 41)).sum(0), 1, atol=1e-5)


def test_each_window_is_computed_once_along_z(volume: np.ndarray) -> None:
    calls = []
    parts = blend(
        lambda box: volume[:, *box], uneven, grid(), (5, 50, 41), on_window=lambda: calls.append(1)
    )
    assert len(list(parts)) == 6
    assert len(calls) == np.prod([len(grid().starts(axis)) for axis in range(3)])


@pytest.mark.parametrize("block", [(30, 50, 41), (7, 50, 41), (13, 20, 41), (8, 9, 10)])
@pytest.mark.parametrize("first", [0, 10])
def test_windows_are_counted_before(
    volume: np.ndarray, block: tuple[int, int, int], first: int
) -> None:
    """Those that cross into another column of blocks are computed, and counted, for both."""
    calls: list[int] = []
    is_done = {"is_done": lambda box: box[0].start < first}
    parts = blend(
        lambda box: volume[:, *box], uneven, grid(), block,
        on_window=lambda: calls.append(1), **is_done,
    )  # fmt: skip
    boxes = [part.box for part in parts]
    assert len(calls) == grid().count(boxes)


def test_finished_blocks_are_left_out(volume: np.ndarray) -> None:
    whole = assemble(volume, grid(), SHAPE)
    parts = list(
        blend(
            lambda box: volume[:, *box],
            uneven,
            grid(),
            (10, 50, 41),
            is_done=lambda box: box[0].start != 10,
        )
    )
    assert [part.box[0] for part in parts] == [slice(10, 20)]
    np.testing.assert_array_equal(parts[0].probabilities, whole[:, 10:20])


def test_reads_no_more_than_a_window_at_a_time(volume: np.ndarray) -> None:
    sizes = []

    def read(box: tuple[slice, ...]) -> np.ndarray:
        sizes.append([s.stop - s.start for s in box])
        return volume[:, *box]

    list(blend(read, uneven, grid(), (8, 20, 20)))
    assert np.max(sizes, axis=0).tolist() == [12, 16, 41]


def test_window_larger_than_the_volume_is_clipped() -> None:
    small = WindowGrid(shape=(3, 4, 5), window=(8, 8, 8), overlap=(2, 2, 2))
    assert small.window == (3, 4, 5)
    assert list(product(*(small.starts(a) for a in range(3)))) == [(0, 0, 0)]


def test_refuses_windows_that_cannot_overlap() -> None:
    with pytest.raises(InputError, match="cannot overlap"):
        WindowGrid(shape=SHAPE, window=(4, 4, 4), overlap=(4, 0, 0))

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from operando.compute.tiles import plan_tiles
from operando.data import Series
from operando.errors import InputError
from operando.nets.architecture import TIME_UNET
from operando.nets.frames import CELL, Frames, FramesInContext, frames_for

BOX = (slice(3, 40), slice(100, 150), slice(0, 7))


class CountingArray:
    """An array-like that is not numpy and counts the voxels read."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.read = array, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, index: Any) -> np.ndarray:
        out = self.array[index]
        self.read += out.size
        return out


@pytest.fixture(scope="module")
def array() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (2, 1, 70, 160, 9), np.uint8)


@pytest.mark.parametrize("wrap", [np.asarray, da.from_array, CountingArray, zarr.array])
def test_reads_the_same_from_every_kind_of_array(array: np.ndarray, wrap: Any) -> None:
    frames = Frames(wrap(array))
    np.testing.assert_array_equal(frames.read(1, BOX), array[1][(slice(None), *BOX)])


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (None, (2, 1, 70, 160, 9)),
        ("tzyx", (2, 70, 160, 9)),
        ("zyx", (70, 160, 9)),
        ("czyx", (1, 70, 160, 9)),
    ],
)
def test_knows_the_axes(array: np.ndarray, axes: str | None, shape: tuple[int, ...]) -> None:
    part = array if len(shape) == 5 else array[0, 0] if len(shape) == 3 else array[:, 0]
    part = array[0] if axes == "czyx" else part
    frames = Frames(part, axes)
    assert frames.shape == (2 if axes in (None, "tzyx") else 1, 1, 70, 160, 9)
    np.testing.assert_array_equal(frames.read(0, BOX)[0], array[0, 0][BOX])


def test_reads_only_the_cells_it_needs_and_only_once(array: np.ndarray) -> None:
    counting = CountingArray(array)
    frames = Frames(counting)
    box = (slice(0, 5), slice(0, 5), slice(0, 5))
    frames.read(0, box)
    frames.read(0, box)
    assert counting.read == CELL[0] * CELL[1] * 9


def test_unpacks_every_slice_once() -> None:
    unpacked: list[int] = []

    def unpack(block: np.ndarray, block_info: Any = None) -> np.ndarray:
        unpacked.append(block_info[0]["chunk-location"][0])
        return block

    array = np.random.default_rng(0).integers(0, 255, (40, 200, 300), np.uint8)
    slices = da.from_array(array, chunks=(1, 200, 300)).map_blocks(unpack, dtype=np.uint8)
    unpacked.clear()
    frames = Frames(slices)
    for tile in plan_tiles(array.shape, (20, 50, 60), 5):
        np.testing.assert_array_equal(frames.read(0, tile.padded)[0], array[tile.padded])
    assert sorted(unpacked) == list(range(40))


def test_slices_too_large_to_be_kept_are_read_in_parts(array: np.ndarray) -> None:
    counting = CountingArray(array[0, 0])
    frames = Frames(da.from_array(counting, chunks=(1, 160, 9)), "zyx", cache_bytes=60 * 160 * 9)
    frames.read(0, (slice(0, 5), slice(0, 5), slice(0, 5)))
    assert counting.read == CELL[0] * CELL[1] * 9


@pytest.mark.parametrize("kind", [Frames, FramesInContext])
def test_reads_a_single_slice_alone(array: np.ndarray, kind: type[Frames]) -> None:
    counting = CountingArray(array)
    frames = kind(counting)
    box = slice(7, 8), slice(0, 160), slice(0, 9)
    alone = frames.read(0, box, keep=False)
    assert counting.read == len(alone) * 160 * 9
    np.testing.assert_array_equal(alone, frames.read(0, box))


def test_forgets_the_oldest_cells(array: np.ndarray) -> None:
    counting = CountingArray(array)
    frames = Frames(counting, cache_bytes=1)
    for z in (0, 40, 0):
        frames.read(0, (slice(z, z + 1), slice(0, 5), slice(0, 5)))
    assert counting.read == 3 * CELL[0] * CELL[1] * 9


def test_reads_a_series(array: np.ndarray) -> None:
    frames = Frames(Series(data=da.from_array(array)))
    assert frames.shape == array.shape
    np.testing.assert_array_equal(frames.read(1, BOX), array[1, :, *BOX])


def test_refuses_what_is_no_image() -> None:
    with pytest.raises(InputError, match=r"shape \(3, 3\)"):
        Frames(np.zeros((3, 3)))
    with pytest.raises(InputError, match="complex"):
        Frames(np.zeros((3, 3, 3), complex))


@pytest.mark.parametrize("kind", [Frames, FramesInContext])
def test_what_was_imaged(kind: type[Frames]) -> None:
    """In the frame itself and in all of its channels."""
    series = np.zeros((2, 2, 3, 4, 5), np.float32)
    series[1, 0, 0, 0, 0], series[1, 1, 0, 0, 1], series[0, 0, 2, 3, 4] = np.nan, np.inf, np.nan
    everything = (slice(0, 3), slice(0, 4), slice(0, 5))
    found = kind(series).imaged(1, everything)
    np.testing.assert_array_equal(np.argwhere(~found), [[0, 0, 0], [0, 0, 1]])
    assert kind(np.zeros(series.shape, np.uint8)).imaged(1, everything).all()


@pytest.mark.parametrize(("t", "seen"), [(0, (0, 0, 1)), (1, (0, 1, 2)), (2, (1, 2, 2))])
def test_frames_before_and_after_are_channels(t: int, seen: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 255, (3, 2, 40, 110, 9), np.uint8)
    frames = frames_for(TIME_UNET, da.from_array(array))
    box = (slice(3, 40), slice(100, 110), slice(0, 7))
    assert frames.shape == (3, 6, 40, 110, 9)
    expected = np.concatenate([array[frame][:, *box] for frame in seen])
    np.testing.assert_array_equal(frames.read(t, box), expected)


def test_a_frame_stands_in_for_what_was_not_imaged_beside_it() -> None:
    series = np.random.default_rng(0).random((3, 4, 5, 6), np.float32)
    series[0] = series[2, :2] = series[1, 3] = np.nan
    before, now, after = FramesInContext(series).read(1, (slice(0, 4), slice(0, 5), slice(0, 6)))
    np.testing.assert_array_equal(now, series[1])
    np.testing.assert_array_equal(before, series[1])
    np.testing.assert_array_equal(after[:2], series[1, :2])
    np.testing.assert_array_equal(after[2:], series[2, 2:])

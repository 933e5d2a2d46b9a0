from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from operando.ui.layers.lookups import (
    ChannelFrames,
    NodeFrames,
    ParticleOutline,
    ParticleValues,
    RecentSlices,
    StoredFrames,
)


@pytest.fixture
def ids() -> np.ndarray:
    ids = np.zeros((3, 8, 20, 24), np.int32)
    ids[0, 1:6, 2:9, 3:11] = 2
    ids[:, 3:8, 12:18, 10:20] = 5
    return ids


KEYS = [
    (0, 2),
    (1, slice(None), 4),
    (slice(None), 3, 5, 6),
    (0,),
    (Ellipsis, 4, 5),
    (slice(0, 2), Ellipsis),
    (np.int64(2), 3, slice(2, 14, 2), slice(None)),
]


@pytest.mark.parametrize("key", KEYS)
def test_values_are_those_of_each_particle_in_its_frame(ids: np.ndarray, key: tuple) -> None:
    values = {
        0: np.array([9, np.nan, 0.25, np.nan, np.nan, 0.5], np.float32),
        2: np.array([9, 1, 1, 1], np.float32),
    }
    lookup = ParticleValues(ids, values)
    expected = np.full(ids.shape, np.nan, np.float32)
    expected[0][ids[0] == 2] = 0.25
    expected[0][ids[0] == 5] = 0.5
    np.testing.assert_array_equal(lookup[key], expected[key])
    np.testing.assert_array_equal(np.asarray(lookup), expected)


def test_outline_is_the_rim_in_slices_and_all_of_it_in_volumes(ids: np.ndarray) -> None:
    outline = ParticleOutline(ids)
    assert not outline[0, ...].any()
    assert outline[0, 3].shape == (20, 24)
    outline.particle = 5
    np.testing.assert_array_equal(outline[1], ids[1] == 5)
    rim = np.zeros((20, 24), np.uint8)
    rim[12:18, 10:20] = 1
    rim[13:17, 11:19] = 0
    np.testing.assert_array_equal(outline[1, 4], rim)
    assert not outline[1, 0].any()
    assert (ids == 5).sum() == 3 * 5 * 6 * 10, "the ids themselves stay"


class CountingArray:
    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.reads = 0

    def __getitem__(self, key: tuple) -> np.ndarray:
        self.reads += 1
        return self._array[key]


def test_recent_slices_are_read_once(ids: np.ndarray) -> None:
    source = CountingArray(ids)
    recent = RecentSlices(source, most=2)
    for z in (3, 3, 4, 3, 4):
        np.testing.assert_array_equal(recent[1, z, :, :], ids[1, z])
    assert source.reads == 2
    recent[1, 5, :, :]
    recent[1, 4, :, :]
    assert source.reads == 3
    recent[1, 3, :, :]
    assert source.reads == 4
    recent[0, ...]
    recent[0, ...]
    assert source.reads == 6, "volumes are not kept"
    assert recent[1, 4, 14, 12] == ids[1, 4, 14, 12]


def test_choosing_a_label_does_not_read_whole_frames(ids: np.ndarray) -> None:
    source = CountingArray(ids)
    for frames in (StoredFrames(source), RecentSlices(source), ParticleOutline(source)):
        layer = Labels(frames, multiscale=False)
        source.reads = 0
        layer.selected_label = 1
        assert source.reads == 0
        assert frames[-1].shape == ids.shape[1:]
        assert frames[0].dtype == frames.dtype


@pytest.mark.parametrize("key", [2, (2, slice(3, 9)), slice(4), Ellipsis])
def test_a_frame_is_read_when_something_is_picked_from_it(ids: np.ndarray, key: object) -> None:
    frame = StoredFrames(ids)[1]
    np.testing.assert_array_equal(frame[key], ids[1][key])
    np.testing.assert_array_equal(frame, ids[1])
    with pytest.raises(IndexError):
        StoredFrames(ids)[3]


def test_node_grids_belong_to_their_frames() -> None:
    grid = np.random.default_rng(0).random((2, 3, 4)).astype(np.float32)
    frames = NodeFrames(5, {3: grid})
    assert frames.shape == (5, 2, 3, 4)
    np.testing.assert_array_equal(frames[3], grid)
    np.testing.assert_array_equal(frames[3, :, 1], grid[:, 1])
    assert np.isnan(frames[:3]).all()
    assert np.isnan(frames[4, 1]).all()


def test_napari_slices_them_lazily(ids: np.ndarray) -> None:
    lookup = ParticleValues(ids, {t: np.arange(6, dtype=np.float32) for t in range(3)})
    image = Image(lookup, contrast_limits=(0, 5), multiscale=False)
    assert image.data is lookup
    outline = ParticleOutline(ids)
    labels = Labels(outline, multiscale=False)
    assert labels.data is outline
    viewer = ViewerModel()
    viewer.add_layer(image)
    viewer.dims.current_step = (1, 4, 0, 0)
    assert image.get_value((1, 4, 14, 12), world=True) == 5
    assert np.isnan(image.get_value((1, 4, 4, 4), world=True))


@pytest.mark.parametrize("key", [*KEYS, (0, -1), (slice(None, None, -1), 2), (slice(2, 2), 1)])
def test_a_channel_is_sliced_as_numpy_does(key: tuple[object, ...]) -> None:
    images = np.arange(3 * 2 * 8 * 20 * 24).reshape(3, 2, 8, 20, 24)
    frames = ChannelFrames(images, 1)
    assert np.array_equal(np.asarray(frames[key]), images[:, 1][key])
    cut = frames[1:, :, 3:19:2, 1:]
    assert np.array_equal(np.asarray(cut[1, 2, 3:]), images[2, 1, 2, 9:19:2, 1:])


def test_cutting_out_what_is_on_the_screen_reads_nothing() -> None:
    class Images:
        shape, dtype = (2, 1, 9, 50, 50), np.dtype(np.uint8)

        def __getitem__(self, key: object) -> np.ndarray:
            read.append(key)
            return np.zeros((8, 40), np.uint8)

    read: list[object] = []
    cut = ChannelFrames(Images(), 0)[:, :, 2:10, 5:45]
    assert read == []
    assert cut.shape == (2, 9, 8, 40)
    assert cut[1, 3].shape == (8, 40)
    assert read == [(1, 0, 3, slice(2, 10, 1), slice(5, 45, 1))]

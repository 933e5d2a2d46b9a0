from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando import Study
from operando.data import DEFAULT_CLASSES
from operando.files import add_levels, create_image
from operando.ui.layers.factory import (
    LayerFactory,
    class_colormap,
    limits_of,
    series_limits,
)
from operando.ui.layers.lookups import ChannelFrames

if TYPE_CHECKING:
    from pathlib import Path


def test_images_are_not_read_when_their_layer_is_made(study: Study) -> None:
    (layer,) = LayerFactory(study).images()
    assert isinstance(layer.data, ChannelFrames)
    assert layer.data.shape == (2, 32, 64, 64)
    assert layer.name == "cell · images"


def test_every_channel_has_a_layer(tmp_path: Path, rng: np.random.Generator) -> None:
    images = rng.integers(0, 255, (1, 2, 4, 8, 8), np.uint8)
    with Study.create(tmp_path / "two", images, voxel_size=(1, 1, 1)) as study:
        layers = LayerFactory(study).images()
    assert [layer.visible for layer in layers] == [True, False]
    assert np.array_equal(np.asarray(layers[1].data), images[:, 1])


@pytest.mark.parametrize(("largest", "shown"), [(16, [150, 75]), (512, [150]), (80, [150, 75])])
def test_long_images_are_shown_at_the_levels_of_their_files(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch,
    largest: int, shown: list[int],
) -> None:  # fmt: skip
    monkeypatch.setattr("operando.ui.layers.factory.LARGEST_VOLUME", largest)
    images = rng.integers(0, 255, (2, 2, 4, 150, 20), np.uint8)
    path = tmp_path / "a.zarr"
    create_image(path, images.shape, np.uint8, axes="tczyx", voxel_size=(1, 1, 1))[:] = images
    add_levels(path)
    with Study.create(tmp_path / "study", path) as study:
        layer = LayerFactory(study).images()[1]
        levels = list(layer.data) if layer.multiscale else [layer.data]
        assert [level.shape[2] for level in levels] == shown
        assert layer.multiscale == (len(shown) > 1)
        assert np.array_equal(levels[0][1, 2], images[1, 1, 2])
        assert layer.extent.data[1].tolist() == [1, 3, 149, 19]


def test_the_sliders_reach_the_last_slice(tmp_path: Path) -> None:
    """31 steps of 0.3 µm are 9.3 µm, divided by 0.3 a little less than 31."""
    shape, size = (1, 32, 128, 65), (0.3, 0.65, 0.35)
    with Study.create(tmp_path / "cell", np.zeros(shape, np.uint8), voxel_size=size) as study:
        factory, viewer = LayerFactory(study), ViewerModel()
        for layer in (*factory.images(), factory.strokes()):
            viewer.add_layer(layer)
        assert viewer.dims.nsteps == shape
        np.testing.assert_allclose(viewer.layers[0].scale, (1, *size), rtol=1e-14)


def test_strokes_are_painted_on_the_array_on_disk(study: Study) -> None:
    layer = LayerFactory(study).strokes()
    assert np.shares_memory(layer.data, study.strokes().array)
    assert layer.n_edit_dimensions == 2


def test_limits_are_those_of_the_middle_slices_of_the_first_and_last_frame() -> None:
    read: list[tuple[int, int]] = []

    class Frames:
        shape = (4, 9, 50, 50)

        def __getitem__(self, key: tuple[int, int]) -> np.ndarray:
            read.append(key)
            return np.arange(2500).reshape(50, 50) + 100 * key[0]

    low, high = series_limits(Frames())
    assert read == [(0, 4), (3, 4)]
    assert low == pytest.approx(0.005 * 2499)
    assert high == pytest.approx(0.995 * 2499 + 300)


def test_limits_are_never_empty() -> None:
    assert limits_of(np.full((4, 4), 7)) == (7, 8)
    assert limits_of(np.full((4, 4), np.nan)) == (0, 1)


def test_only_classes_have_a_colour() -> None:
    colours = class_colormap(DEFAULT_CLASSES).map(np.array([0, 1, 3, 9]))
    assert colours[:, 3].tolist() == [0, 1, 1, 0]


def test_limits_fit_frames_of_other_brightness() -> None:
    bright = np.linspace(100, 200, 4096).reshape(4, 32, 32)
    low, high = series_limits(np.stack([bright, 0.5 * bright]))
    assert low < 0.5 * np.percentile(bright[2], 1)
    assert high > np.percentile(bright[2], 99)

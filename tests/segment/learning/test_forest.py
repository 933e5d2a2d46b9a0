from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.frames import Frames
from operando.nets.scale_features import scale_features
from operando.segment import Model, TrainSettings, predict, train
from operando.segment.learning.forest import features_at
from operando.segment.normalise import Normalise, grey_scale
from operando.segment.painting.strokes import find_strokes
from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from pathlib import Path

FOREST = TrainSettings(network="forest")


@pytest.fixture(scope="module")
def grown(scene: object) -> Model:
    return train(scene.image, scene.strokes, settings=FOREST, device="cpu")


def test_learns_a_scene_and_another_of_its_kind(
    grown: Model, scene: object, other_scene: object
) -> None:
    for seen in (scene, other_scene):
        labels = predict(grown, seen.image[0], device="cpu").argmax(0) + 1
        assert dice(confusion(seen.truth[0], labels, 3)).mean() > 0.85


def test_survives_the_disk(grown: Model, scene: object, tmp_path: Path) -> None:
    grown.save(tmp_path / "forest")
    again = Model.load(tmp_path / "forest")
    np.testing.assert_array_equal(
        predict(again, scene.image[0], device="cpu"), predict(grown, scene.image[0], device="cpu")
    )
    assert again.scores["held_out_dice"] > 0.7


def test_is_no_start_for_a_network(grown: Model, scene: object) -> None:
    with pytest.raises(InputError, match="forest cannot be trained further"):
        train(scene.image, scene.strokes, start=grown, device="cpu")


def test_slices_that_do_not_belong_together(scene: object) -> None:
    images, strokes = scene.image[0][:, None], scene.strokes[0][:, None]
    model = train(images, strokes, settings=FOREST, device="cpu")
    labels = predict(model, images[8], device="cpu").argmax(0) + 1
    assert dice(confusion(scene.truth[0, 8:9], labels, 3)).mean() > 0.7


def test_features_of_strokes_are_those_of_the_whole_image(scene: object) -> None:
    """Neighbourhoods are read large enough."""
    frames = Frames(np.tile(scene.image, (1, 3, 3, 3)))
    strokes = np.zeros(frames.volume_shape, np.uint8)
    strokes[7, 3:5, 7], strokes[40, 130, 100:104] = 1, 2
    voxels = find_strokes(strokes, frames).voxels
    scale = grey_scale(frames, 0)
    rows = features_at(frames, voxels, Normalise({0: scale}))
    whole = scale_features(scale.apply(np.tile(scene.image, (1, 3, 3, 3))[0][None]))
    np.testing.assert_allclose(rows, whole[:, *voxels.position.T].T, atol=1e-4)

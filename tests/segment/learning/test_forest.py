from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.frames import Frames
from operando.nets.scale_features import scale_features
from operando.segment import Model, TrainSettings, predict, train
from operando.segment.learning.forest import features_at, without_forest
from operando.segment.normalise import Normalise, grey_scale
from operando.segment.painting.strokes import find_strokes
from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from pathlib import Path

FOREST = TrainSettings(network="forest")
NETWORK = {"effort": "quick", "width": 8, "patch": 16, "patch_depth": 8}


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
    voxels = find_strokes(strokes).voxels
    scale = grey_scale(frames, 0)
    rows = features_at(frames, voxels, Normalise({0: scale}))
    whole = scale_features(scale.apply(np.tile(scene.image, (1, 3, 3, 3))[0][None]))
    np.testing.assert_allclose(rows, whole[:, *voxels.position.T].T, atol=1e-4)


def _taught(scene: object, opinion: str, start: object = "scratch") -> Model:
    settings = TrainSettings(**NETWORK, second_opinion=opinion)
    return train(scene.image, scene.strokes, start=start, settings=settings, device="cpu")


@pytest.fixture(scope="module")
def alone(scene: object) -> Model:
    return _taught(scene, "never")


@pytest.fixture(scope="module")
def asking(scene: object) -> Model:
    return _taught(scene, "always")


def test_the_network_learns_the_same_with_and_without_a_forest(alone: Model, asking: Model) -> None:
    bare = without_forest(asking)
    assert bare.architecture == alone.architecture
    assert bare.weights.keys() == alone.weights.keys()
    for name, values in alone.weights.items():
        np.testing.assert_array_equal(bare.weights[name], values)


def test_asking_is_not_worse_than_the_network_alone(
    alone: Model, asking: Model, scene: object, other_scene: object
) -> None:
    for seen in (scene, other_scene):
        scores = [
            dice(
                confusion(seen.truth[0], predict(m, seen.image[0], device="cpu").argmax(0) + 1, 3)
            ).mean()
            for m in (alone, asking)
        ]
        assert scores[1] > scores[0] - 0.005


def test_asking_survives_the_disk_and_can_learn_on(
    asking: Model, scene: object, tmp_path: Path
) -> None:
    asking.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    np.testing.assert_array_equal(
        predict(again, scene.image[0], device="cpu"), predict(asking, scene.image[0], device="cpu")
    )
    further = _taught(scene, "always", again)
    assert further.architecture == again.architecture
    assert further.scores["held_out_dice"] > 0.7


@pytest.mark.parametrize("flat", [False, True])
def test_only_single_slices_ask_by_default(scene: object, flat: bool) -> None:
    images, strokes = scene.image, scene.strokes
    if flat:
        images, strokes = images[0][:, None], strokes[0][:, None]
    settings = TrainSettings(effort="quick", width=4, patch=16, patch_depth=8)
    model = train(images, strokes, start="scratch", settings=settings, device="cpu")
    assert model.architecture.second_opinion is flat

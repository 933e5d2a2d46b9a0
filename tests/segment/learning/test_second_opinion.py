from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.segment import Model, TrainSettings, predict, train
from operando.segment.learning.second_opinion import network_alone
from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = {"effort": "quick", "width": 8, "patch": 16, "patch_depth": 8}


def _taught(scene: object, opinion: str, start: object = "scratch") -> Model:
    settings = TrainSettings(**NETWORK, second_opinion=opinion)
    return train(scene.image, scene.strokes, start=start, settings=settings, device="cpu")


@pytest.fixture(scope="module")
def alone(scene: object) -> Model:
    return _taught(scene, "never")


@pytest.fixture(scope="module")
def asking(scene: object) -> Model:
    return _taught(scene, "always")


def test_the_network_learns_the_same_with_and_without_others(alone: Model, asking: Model) -> None:
    bare = network_alone(asking)
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


def test_who_errs_on_held_out_strokes_is_trusted_less(asking: Model, scene: object) -> None:
    trust = asking.weights["trust"]
    assert trust.sum() == pytest.approx(1)
    assert (trust > 0).all()
    settings = TrainSettings(**NETWORK, second_opinion="always", held_out=0)
    unheld = train(scene.image, scene.strokes, start="scratch", settings=settings, device="cpu")
    np.testing.assert_allclose(unheld.weights["trust"], 1 / 3)

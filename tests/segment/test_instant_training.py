"""Training of the last layer alone: what the network knows stays, and it is over at once."""

from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.segment import Model, TrainSettings, predict, pretrained, train
from operando.segment.scoring.scores import confusion, dice

INSTANT = TrainSettings(effort="instant", patch=32, patch_depth=16)


@pytest.fixture(scope="module")
def instant(scene: object) -> Model:
    return train(scene.image, scene.strokes, settings=INSTANT, device="cpu")


def test_filters_have_not_changed(instant: Model) -> None:
    before = pretrained(cracks=True).weights
    for name, values in instant.weights.items():
        if values.ndim == 5 and not name.startswith("head."):
            np.testing.assert_array_equal(values, before[name])


def test_of_a_model_only_the_last_layer_changes(instant: Model, scene: object) -> None:
    again = train(scene.image, scene.strokes, start=instant, settings=INSTANT, device="cpu")
    for name, values in again.weights.items():
        assert np.array_equal(values, instant.weights[name]) is not name.startswith("head.")


def test_the_strokes_are_learnt_all_the_same(instant: Model, scene: object) -> None:
    labels = predict(instant, scene.image[0], device="cpu").argmax(0) + 1
    assert dice(confusion(scene.truth[0], labels, 3)).mean() > 0.8
    assert instant.curve.shape == (1, 4)
    assert 0 < instant.scores["held_out_dice"] <= 1


def test_there_must_be_something_to_start_from(scene: object) -> None:
    with pytest.raises(InputError, match="start from pretrained"):
        train(scene.image, scene.strokes, start="scratch", settings=INSTANT, device="cpu")

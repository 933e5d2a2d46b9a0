"""A network that sees the frames before and after, from strokes to labels."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from operando.errors import InputError
from operando.segment import Model, TrainSettings, predict, train
from operando.segment.scoring.scores import confusion, dice

SETTINGS = TrainSettings(
    effort="balanced",
    network="unet3d_time",
    width=8,
    patch=32,
    patch_depth=8,
    restore=0,
)


@pytest.fixture(scope="module")
def series(scene: object) -> np.ndarray:
    """Three noisy images of the same scene."""
    noise = np.random.default_rng(0).normal(0, 60, (3, *scene.truth.shape[1:]))
    return np.asarray(scene.image + noise, np.float32)


@pytest.fixture(scope="module")
def model(series: np.ndarray, scene: object) -> Model:
    strokes = np.zeros(series.shape, np.uint8)
    strokes[1] = scene.strokes[0]
    return train(series, strokes, start="scratch", settings=SETTINGS, device="cpu")


def score(labels: np.ndarray, scene: object) -> float:
    return float(dice(confusion(scene.truth[0], labels.argmax(0) + 1, 3)).mean())


def test_three_noisy_frames_tell_more_than_one(
    model: Model, series: np.ndarray, scene: object
) -> None:
    in_series = predict(model, da.from_array(series), frame=1, device="cpu")
    alone = predict(model, series[1], device="cpu")
    assert score(in_series, scene) > score(alone, scene) + 0.02


def test_of_a_single_frame_it_is_its_own_neighbour(model: Model, series: np.ndarray) -> None:
    still = np.stack([series[1]] * 3)
    np.testing.assert_allclose(
        predict(model, series[1], device="cpu"),
        predict(model, still, frame=1, device="cpu"),
        atol=1e-6,
    )


def test_starts_from_what_the_network_of_single_frames_knows(
    series: np.ndarray, scene: object
) -> None:
    """Before it has learnt anything of time it is the pre-trained network, whatever surrounds."""
    strokes = np.zeros(series.shape, np.uint8)
    strokes[1] = scene.strokes[0]
    slow = SETTINGS.model_copy(update={"learning_rate": 1e-9, "patch": 16})
    started = train(series, strokes, settings=slow, device="cpu")
    assert started.architecture.image_channels == 1
    np.testing.assert_allclose(
        predict(started, series, frame=1, device="cpu"),
        predict(started, series[1], device="cpu"),
        atol=1e-4,
    )


def test_single_slices_are_no_series() -> None:
    images, strokes = np.random.default_rng(0).normal(size=(4, 1, 40, 40)), np.zeros((4, 1, 40, 40))
    strokes[0, 0, :4, :9], strokes[0, 0, 9:, :9] = 1, 2
    with pytest.raises(InputError, match="no series"):
        train(images, strokes.astype(np.uint8), settings=SETTINGS, device="cpu")

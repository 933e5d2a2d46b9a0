from __future__ import annotations

import numpy as np
import pytest

from operando.data import DEFAULT_CLASSES
from operando.errors import InputError
from operando.samples import Electrode, draw_settings, make_electrode, paint_strokes
from operando.segment import Model, TrainSettings, learn_images, predict, pretrained, train
from operando.segment.scoring.scores import confusion, dice

LIGHT = TrainSettings(network="separable", width=8, patch=32, patch_depth=16)


@pytest.fixture(scope="module")
def electrode() -> Electrode:
    return make_electrode(draw_settings(51, shape=(20, 48, 48), frames=1), 1)


@pytest.fixture(scope="module")
def learnt(electrode: Electrode) -> Model:
    return learn_images(electrode.images, settings=LIGHT, device="cpu")


def quality(model: Model, images: np.ndarray, truth: np.ndarray) -> float:
    """Mean Dice of pore (with cracks), binder and particle."""
    labels = predict(model, images, device="cpu").argmax(0) + 1
    return float(dice(confusion(truth, np.where(labels == 4, 1, labels), 3)).mean())


def test_it_knows_phases_it_was_never_shown(learnt: Model, electrode: Electrode) -> None:
    """Nearly as well as its teacher, with a hundredth of its weights."""
    image, truth = electrode.images[0], electrode.phases[0]
    assert quality(learnt, image, truth) > quality(pretrained(cracks=True), image, truth) - 0.1


def test_strokes_go_on_from_it(learnt: Model, electrode: Electrode) -> None:
    strokes = paint_strokes(electrode.phases, slices=1, share=0.002)
    settings = LIGHT.model_copy(update={"effort": "instant", "held_out": 0.0})
    model = train(
        electrode.images,
        strokes,
        start=learnt,
        settings=settings,
        device="cpu",
        classes=DEFAULT_CLASSES,
    )
    assert model.architecture.network == "separable"
    assert quality(model, electrode.images[0], electrode.phases[0]) > 0.75


def test_several_channels_are_all_looked_at(electrode: Electrode) -> None:
    images = np.stack([electrode.images, electrode.images.max() - electrode.images], axis=1)
    settings = LIGHT.model_copy(update={"network": "unet3d"})
    model = learn_images(images, settings=settings, steps=2, device="cpu")
    assert model.architecture.image_channels == 2
    assert predict(model, images[0], device="cpu").shape == (4, *electrode.images.shape[1:])


def test_same_seed_same_network(electrode: Electrode) -> None:
    one, other = (
        learn_images(electrode.images, settings=LIGHT, steps=2, device="cpu") for _ in range(2)
    )
    for name, values in one.weights.items():
        np.testing.assert_array_equal(other.weights[name], values)


def test_single_slices_are_learnt_from_single_slices(electrode: Electrode) -> None:
    model = learn_images(electrode.images.swapaxes(0, 1), settings=LIGHT, steps=2, device="cpu")
    assert all(kernel[0] == 1 for kernel in model.architecture.kernels)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [("unet3d", "knows electrodes already"), ("forest", "cannot learn"), ("unet3d_time", "cannot")],
)
def test_networks_for_which_it_is_not(network: str, sentence: str, electrode: Electrode) -> None:
    with pytest.raises(InputError, match=sentence):
        learn_images(electrode.images, settings=TrainSettings(network=network), device="cpu")


def test_what_was_not_imaged_is_no_obstacle(electrode: Electrode) -> None:
    images = np.repeat(electrode.images, 2, axis=1).astype(np.float32)
    images[0, :4] = np.nan
    model = learn_images(images, settings=LIGHT, steps=30, device="cpu")
    assert all(np.isfinite(values).all() for values in model.weights.values())

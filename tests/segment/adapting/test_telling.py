from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.samples import Electrode, draw_settings, make_electrode, paint_strokes
from operando.segment import Model, TrainSettings, predict, pretrained, train
from operando.segment.scoring.scores import confusion, dice

INSTANT = TrainSettings(effort="instant", held_out=0)
NAMELESS = tuple(LabelClass(f"class {k + 1}", c.colour) for k, c in enumerate(DEFAULT_CLASSES))
teach = partial(train, settings=INSTANT, device="cpu")


@pytest.fixture(scope="module")
def electrodes() -> list[Electrode]:
    settings = [draw_settings(seed, shape=(20, 64, 64), frames=1) for seed in range(50, 53)]
    return [make_electrode(s, seed) for seed, s in enumerate(settings)]


def norms(model: Model) -> dict[str, np.ndarray]:
    """Weights of the batch normalisations."""
    return {k: v for k, v in model.weights.items() if v.ndim == 1 and k.endswith("weight")}


def strokes_on(electrode: Electrode) -> np.ndarray:
    return paint_strokes(electrode.phases, slices=2, share=0.002)


def quality(model: Model, image: np.ndarray, truth: np.ndarray) -> float:
    labels = predict(model, image, device="cpu").argmax(0) + 1
    return float(dice(confusion(truth, labels, 3)).mean())


def test_strokes_help_at_once_where_grey_values_are_unusual(electrodes: list[Electrode]) -> None:
    """Without training; grey values are squared."""
    before, after = [], []
    for electrode in electrodes:
        squared = np.square(electrode.images.astype(np.float32))
        model = teach(squared, strokes_on(electrode), classes=DEFAULT_CLASSES)
        truth = electrode.phases[0]
        before.append(quality(pretrained(), squared[0], truth))
        after.append(quality(model, squared[0], truth))
    assert np.mean(after) > np.mean(before) + 0.02


def test_it_is_told_of_the_electrode_at_hand(electrodes: list[Electrode]) -> None:
    one, other = (
        norms(teach(e.images, strokes_on(e), classes=DEFAULT_CLASSES)) for e in electrodes[:2]
    )
    assert any(not np.allclose(one[name], other[name], rtol=1e-3) for name in one)


def test_names_of_classes_do_not_matter_if_it_knows_them(electrodes: list[Electrode]) -> None:
    electrode = electrodes[0]
    strokes = strokes_on(electrode)
    named = norms(teach(electrode.images, strokes, classes=DEFAULT_CLASSES))
    nameless = norms(teach(electrode.images, strokes, classes=NAMELESS))
    for name, values in named.items():
        np.testing.assert_array_equal(nameless[name], values)


def test_brightness_of_the_image_does_not_matter(electrodes: list[Electrode]) -> None:
    electrode = electrodes[0]
    strokes = strokes_on(electrode)
    one = norms(teach(electrode.images, strokes, classes=DEFAULT_CLASSES))
    bright = electrode.images.astype(np.float32) * 0.01 + 700
    other = norms(teach(bright, strokes, classes=DEFAULT_CLASSES))
    for name, values in one.items():
        np.testing.assert_allclose(other[name], values, atol=1e-3)


def test_several_channels_are_learnt_untold(electrodes: list[Electrode]) -> None:
    electrode = electrodes[0]
    both = np.stack([electrode.images, electrode.images], axis=1)
    model = teach(both, strokes_on(electrode), classes=DEFAULT_CLASSES)
    for name, values in norms(pretrained(cracks=True)).items():
        np.testing.assert_array_equal(model.weights[name], values)


def test_what_was_not_imaged_tells_nothing(electrodes: list[Electrode]) -> None:
    """One of sixteen voxels is out of the field of view, on the side of every slice."""
    electrode = electrodes[0]
    strokes = strokes_on(electrode)
    images = electrode.images.astype(np.float32)
    strokes[..., :4] = 0
    whole = norms(teach(images, strokes, classes=DEFAULT_CLASSES))
    images[..., :4] = np.nan
    for name, values in norms(teach(images, strokes, classes=DEFAULT_CLASSES)).items():
        np.testing.assert_allclose(values, whole[name], rtol=0.03, atol=0.03)

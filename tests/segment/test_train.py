from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.errors import Cancelled, InputError
from operando.nets import checkpoint
from operando.segment import InstantModel, Model, TrainSettings, predict, train
from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute import Progress

TINY = TrainSettings(
    effort="quick", width=8, patch=32, patch_depth=4, learning_rate=0.01, restore=0
)


def score(model: Model, image: np.ndarray, truth: np.ndarray) -> float:
    labels = predict(model, image, device="cpu").argmax(0) + 1
    return float(dice(confusion(truth, labels, 3)).mean())


def stop_after(step: int, told: list[Progress]) -> object:
    def progress(record: Progress) -> None:
        told.append(record)
        if record.done == step:
            raise Cancelled

    return progress


def test_learns_a_scene_from_strokes(model: Model, scene: object) -> None:
    assert np.count_nonzero(scene.strokes) / scene.truth.size < 0.003
    assert score(model, scene.image[0], scene.truth[0]) > 0.85


def test_a_light_network_from_scratch_tells_dark_from_bright(rng: np.random.Generator) -> None:
    truth = np.ones((16, 48, 48), np.uint8)
    truth[..., 24:] = 2
    image = truth * 60 + rng.normal(0, 5, truth.shape)
    strokes = np.zeros_like(truth)
    strokes[8, ::3, :3], strokes[8, ::3, -3:] = 1, 2
    settings = TrainSettings(effort="quick", network="separable", patch=32, patch_depth=8)
    model = train(image[None], strokes[None], start="scratch", settings=settings, device="cpu")
    assert (predict(model, image, device="cpu").argmax(0) + 1 == truth).mean() > 0.95


def test_knows_a_frame_of_other_brightness(model: Model, other_scene: object) -> None:
    assert score(model, other_scene.image[0], other_scene.truth[0]) > 0.8


def test_curve_and_scores(model: Model) -> None:
    steps = TrainSettings(effort="quick").steps_on(model.patch, new=True)
    assert model.curve.shape == (steps, 4)
    measured = model.curve[~np.isnan(model.curve[:, 3])]
    assert model.scores["held_out_dice"] in measured[:, 3]
    assert model.scores["strokes"] > 20
    assert 0 < model.scores["held_out_accuracy"] <= 1
    ious = [v for name, v in model.scores.items() if name.startswith("held_out_iou_")]
    dices = [2 * iou / (1 + iou) for iou in ious]
    assert np.mean(dices) == pytest.approx(model.scores["held_out_dice"])


def test_same_seed_same_model(model: Model, scene: object, fast: TrainSettings) -> None:
    again = train(scene.image, scene.strokes, start="scratch", settings=fast, device="cpu")
    for name, values in again.weights.items():
        np.testing.assert_array_equal(values, model.weights[name])


def test_reads_only_painted_frames(scene: object) -> None:
    def forbidden(block: np.ndarray) -> np.ndarray:
        raise AssertionError("a frame without strokes was read")

    painted = da.from_array(scene.image, chunks=(1, 16, 48, 48))
    other = da.map_blocks(forbidden, painted, meta=np.empty((0,) * 4, np.float32))
    images = da.concatenate([other, painted])
    strokes = np.concatenate([np.zeros_like(scene.strokes), scene.strokes])
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        train(
            images,
            strokes,
            start="scratch",
            settings=TINY,
            device="cpu",
            progress=stop_after(3, told),
        )
    assert told[-1].values["loss"] > 0


def test_goes_on_from_a_model(model: Model, scene: object, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    first: list[float] = []
    for start in ("scratch", model, tmp_path / "model"):
        told: list[Progress] = []
        with pytest.raises(Cancelled):
            train(
                scene.image, scene.strokes, start=start, settings=TINY, device="cpu",
                progress=stop_after(5, told),
            )  # fmt: skip
        first.append(np.mean([r.values["loss"] for r in told if r.values]))
    assert first[1] == first[2] < 0.6 * first[0]


def test_a_model_names_the_network_that_was_trained(model: Model, scene: object) -> None:
    """Going on from a model, neither network nor width can be chosen."""
    asked = TINY.model_copy(update={"network": "separable", "width": 32, "effort": "instant"})
    again = train(scene.image, scene.strokes, start=model, settings=asked, device="cpu")
    kept = again.architecture.network, again.architecture.width
    assert kept == ("unet3d", 8) == (again.settings["network"], again.settings["width"])
    assert again.settings["effort"] == "instant"


@pytest.mark.parametrize("flat", [False, True])
def test_what_is_frozen_stays_bit_by_bit(model: Model, scene: object, flat: bool) -> None:
    """Filters and what normalisations have gathered; the other half learns."""
    images, strokes = scene.image, scene.strokes
    start, alone = model, TINY.model_copy(update={"second_opinion": "never"})
    if flat:
        images, strokes = images[0][:, None], strokes[0][:, None]
        start = train(images, strokes, start="scratch", settings=alone, device="cpu")
    for frozen, other in (("encoder", "decoder"), ("decoder", "encoder")):
        settings = alone.model_copy(update={"freeze": frozen})
        again = train(images, strokes, start=start, settings=settings, device="cpu")
        same = {
            name: np.array_equal(values, again.weights[name])
            for name, values in start.weights.items()
        }
        assert all(same[name] for name in same if name.startswith(frozen))
        learnt = [n for n in same if n.startswith(other) and start.weights[n].ndim == 5]
        assert learnt
        assert not any(same[name] for name in learnt)


def test_there_must_be_something_to_freeze(scene: object) -> None:
    settings = TINY.model_copy(update={"freeze": "encoder"})
    with pytest.raises(InputError, match="encoder of a network that starts from scratch"):
        train(scene.image, scene.strokes, start="scratch", settings=settings, device="cpu")


def test_new_classes_get_a_new_head(model: Model, scene: object) -> None:
    strokes = np.where(scene.strokes == 3, 2, scene.strokes).astype(np.uint8)
    classes = (LabelClass("matrix", "#000000"), LabelClass("ball", "#ffffff"))
    again = train(scene.image, strokes, start=model, settings=TINY, device="cpu", classes=classes)
    assert again.classes == classes
    assert again.architecture == replace(model.architecture, n_classes=2)
    assert predict(again, scene.image[0], device="cpu").shape[0] == 2


@pytest.mark.parametrize("start", ["pretrained", "scratch"])
def test_a_class_that_nobody_painted_yet_is_nowhere(start: str, scene: object) -> None:
    """Neither in labels nor in probabilities; others are as without it; it can be learnt later."""
    names = ("matrix", "ball", "shell", "separator")
    classes = [LabelClass(name, "#000000") for name in names]
    effort = "instant" if start == "pretrained" else "quick"
    settings = TINY.model_copy(update={"effort": effort, "held_out": 0})
    known = {"settings": settings, "device": "cpu"}
    models = [
        train(scene.image, scene.strokes, start=start, classes=classes[:n], **known) for n in (3, 4)
    ]
    three, four = (predict(model, scene.image[0], device="cpu") for model in models)
    assert (four[3] == 0).all()
    assert (three.argmax(0) == four.argmax(0)).mean() > 0.95
    strokes = scene.strokes.copy()
    strokes[0, 12][scene.truth[0, 12] == 3] = 4
    strokes[strokes == 3] = 0
    later = train(scene.image, strokes, start=models[1], classes=classes, **known)
    found, shell = predict(later, scene.image[0], device="cpu").argmax(0) == 3, scene.truth[0] == 3
    assert 2 * (found & shell).sum() / (found.sum() + shell.sum()) > 0.6


def test_what_was_painted_over_the_margin_teaches_nothing(scene: object) -> None:
    """Strokes that overrun into NaN: the same model as without what overran."""
    images = np.pad(scene.image, [(0, 0), (0, 0), (0, 0), (0, 16)], constant_values=np.nan)
    strokes = np.pad(scene.strokes, [(0, 0), (0, 0), (0, 0), (0, 16)])
    overrun = strokes.copy()
    overrun[0, 8, 4:44:8, 48:62] = 1
    settings = TINY.model_copy(update={"effort": "instant"})
    inside, both = (
        train(images, painted, settings=settings, device="cpu") for painted in (strokes, overrun)
    )
    assert both.scores == inside.scores
    for name, values in both.weights.items():
        np.testing.assert_array_equal(values, inside.weights[name])


def test_a_class_that_was_painted_over_the_margin_alone_is_not_held_out(scene: object) -> None:
    from scipy.ndimage import label

    images = np.pad(scene.image, [(0, 0), (0, 0), (0, 0), (0, 16)], constant_values=np.nan)
    strokes = np.zeros(images.shape, np.uint8)
    for k in (1, 2):
        strokes[..., :48][label(scene.strokes == k)[0] == 1] = k
    painted = np.count_nonzero(strokes)
    strokes[0, 8, 4:44:8, 50:62] = 3
    classes = [LabelClass(name, "#000000") for name in ("matrix", "ball", "outside")]
    settings = TINY.model_copy(update={"effort": "instant"})
    model = train(images, strokes, settings=settings, device="cpu", classes=classes)
    assert (model.scores["strokes"], model.scores["stroke_voxels"]) == (2, painted)
    assert "held_out_dice" not in model.scores


def test_slices_that_do_not_belong_together(scene: object) -> None:
    """A stack of slices is learnt without filters across them."""
    images = scene.image[0][:, None]
    strokes = scene.strokes[0][:, None]
    model = train(images, strokes, start="scratch", settings=TINY, device="cpu")
    assert all(k[0] == 1 for k in model.architecture.kernels)
    one = predict(model, images[8], device="cpu")
    assert one.shape == (3, 1, 48, 48)
    assert score(model, images[8], scene.truth[0, 8:9]) > 0.6


def test_channels(scene: object) -> None:
    """The second channel alone tells the classes."""
    noise = np.random.default_rng(0).normal(0, 100, scene.image.shape)
    images = np.stack([noise, scene.image], axis=1).astype(np.float32)
    settings = TINY.model_copy(update={"effort": "balanced", "patch": 32, "patch_depth": 8})
    model = train(images, scene.strokes, start="scratch", settings=settings, device="cpu")
    assert model.architecture.in_channels == 2
    assert score(model, images[0], scene.truth[0]) > 0.6
    with pytest.raises(InputError, match=r"2 channel.*have 1"):
        train(scene.image, scene.strokes, start=model, device="cpu")


def test_pretrained_weights_are_there_and_know_electrodes() -> None:
    from operando.samples import ElectrodeSettings, make_electrode, paint_strokes

    made = make_electrode(ElectrodeSettings(shape=(24, 64, 64), frames=1), seed=3)
    strokes = paint_strokes(made.phases, seed=3)
    settings = TrainSettings(effort="quick", patch=16, patch_depth=8)
    reached = [
        score(
            train(
                made.images, strokes, start=start, settings=settings, device="cpu",
                classes=DEFAULT_CLASSES,
            ),
            made.images[0],
            made.phases[0],
        )
        for start in ("pretrained", "scratch")
    ]  # fmt: skip
    assert reached[0] > reached[1]


def test_a_circle_of_zeros_is_cut_off_first(scene: object) -> None:
    """It moves the percentiles; NaN, or a class of its own, does not mislead."""
    y, x = np.ogrid[-24:24, -24:24]
    outside = np.hypot(y + 0.5, x + 0.5) > 24
    strokes = np.where(outside, 0, scene.strokes).astype(np.uint8)
    zeros, nothing = (np.where(outside, v, scene.image).astype(np.float32) for v in (0, np.nan))
    settings = TINY.model_copy(update={"effort": "instant"})
    with pytest.raises(InputError, match=r"margin of the grey value 0 fills 2\d % .* no stroke"):
        train(zeros, strokes, settings=settings, device="cpu")
    blank = zeros.copy()
    blank[:, -1] = 0
    with pytest.raises(InputError, match=r"margin of the grey value 0 fills 2\d % .* no stroke"):
        train(blank, strokes, settings=settings, device="cpu")
    with pytest.raises(InputError, match=r"margin of the grey value 0 fills 2\d % .* no stroke"):
        InstantModel(zeros, device="cpu").learn(strokes)
    train(nothing, strokes, settings=settings, device="cpu")
    InstantModel(nothing, device="cpu").learn(strokes)
    strokes[0, 8, 1:3, 1:3] = 4
    train(zeros, strokes, settings=settings, device="cpu")
    InstantModel(zeros, device="cpu").learn(strokes)


def test_a_forest_does_not_pretend_to_go_on_from_a_model(model: Model, scene: object) -> None:
    with pytest.raises(InputError, match="forest grows anew"):
        train(scene.image, scene.strokes, start=model, settings=TrainSettings(network="forest"))


def test_bad_input_is_refused_with_a_sentence(scene: object) -> None:
    one_class = np.where(scene.strokes == 1, 1, 0).astype(np.uint8)
    with pytest.raises(InputError, match="one class"):
        train(scene.image, one_class, device="cpu")
    with pytest.raises(InputError, match="no strokes"):
        train(scene.image, one_class * 0, device="cpu")
    with pytest.raises(InputError, match="do not fit"):
        train(scene.image[:, :-1], scene.strokes, device="cpu")
    with pytest.raises(InputError, match="nothing was imaged"):
        train(scene.image * np.nan, scene.strokes, device="cpu")
    with pytest.raises(InputError, match="class 3, but only 1 classes"):
        train(scene.image, scene.strokes, classes=[LabelClass("a", "#000000")], device="cpu")


def test_a_stopped_training_goes_on_to_the_same_model(
    tmp_path: Path, scene: object, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on from a model, so that teacher, edges and the part of the way are in it."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", np.inf)

    def go(**options: object) -> Model:
        return train(
            scene.image, scene.strokes, start=model, settings=TINY, device="cpu", **options
        )

    with pytest.raises(Cancelled):
        go(checkpoint=tmp_path / "kept", progress=stop_after(35, []))
    resumed, whole = go(checkpoint=tmp_path / "kept"), go()
    assert resumed.scores.pop("resumed_at") == 35
    assert resumed.scores.pop("seconds_before") > 0
    assert resumed.scores == whole.scores
    np.testing.assert_array_equal(resumed.curve, whole.curve)
    for name, values in whole.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], values)

from __future__ import annotations

import numpy as np
import pytest

from operando.data import DEFAULT_CLASSES
from operando.errors import Cancelled, InputError
from operando.samples import Electrode, draw_settings, make_electrode, paint_strokes
from operando.segment import InstantModel, Model, TrainSettings, predict, train
from operando.segment.scoring.scores import confusion, dice


@pytest.fixture(scope="module")
def instant(model: Model, scene: object) -> InstantModel:
    made = InstantModel(scene.image, model, device="cpu")
    made.learn(scene.strokes)
    return made


def test_previews_a_slice(instant: InstantModel, scene: object) -> None:
    answer = instant.preview(0, 4)
    assert answer.shape == (3, 48, 48)
    np.testing.assert_allclose(answer.sum(0), 1, atol=1e-5)
    table = confusion(scene.truth[0, 4], answer.argmax(0) + 1, 3)
    assert np.nanmean(dice(table)) > 0.7


def test_agrees_with_its_strokes(instant: InstantModel, scene: object) -> None:
    labels = instant.preview(0, 8).argmax(0) + 1
    painted = scene.strokes[0, 8]
    assert (labels == painted)[painted > 0].mean() > 0.95


def test_new_strokes_change_the_answer(model: Model, scene: object) -> None:
    """Calling the balls matrix makes them matrix."""
    made = InstantModel(scene.image, model, device="cpu")
    made.learn(np.where(scene.strokes == 2, 1, scene.strokes))
    labels = made.preview(0, 8).argmax(0) + 1
    assert (labels[scene.truth[0, 8] == 2] == 1).mean() > 0.7
    assert not (labels == 2).any()


def test_features_do_not_depend_on_tiles(
    model: Model, scene: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = InstantModel(scene.image, model, device="cpu").features(0, 3)
    monkeypatch.setattr("operando.segment.instant.TILE", (1, 16, 48))
    tiled = InstantModel(scene.image, model, device="cpu").features(0, 3)
    inside = np.s_[:, 4:12]
    np.testing.assert_allclose(
        tiled[inside].astype(float), whole[inside].astype(float), atol=0.02, rtol=0.02
    )


def test_reads_features_once(instant: InstantModel) -> None:
    assert instant.features(0, 8) is instant.features(0, 8)


def test_refuses_early_previews_and_other_channels(model: Model, scene: object) -> None:
    with pytest.raises(InputError, match="nothing to preview"):
        InstantModel(scene.image, model, device="cpu").preview(0, 0)
    two = np.repeat(scene.image[:, None], 2, axis=1)
    with pytest.raises(InputError, match="trained for 1 channel"):
        InstantModel(two, model, device="cpu")


def test_is_close_to_the_network_it_borrows_from(
    instant: InstantModel, model: Model, scene: object
) -> None:
    full = predict(model, scene.image[0], device="cpu").argmax(0)[8]
    assert (instant.preview(0, 8).argmax(0) == full).mean() > 0.85


def test_reads_only_the_slices_that_hold_strokes(model: Model, scene: object) -> None:
    """Given the painted slices, it learns the same from them, and does not look elsewhere."""

    class Watched:
        shape, dtype = scene.strokes.shape, scene.strokes.dtype

        def __getitem__(self, key: tuple[int, int]) -> np.ndarray:
            assert key == (0, 8)
            return scene.strokes[key]

    all_read, some_read = (InstantModel(scene.image, model, device="cpu") for _ in range(2))
    all_read.learn(scene.strokes)
    some_read.learn(Watched(), [(0, 8)])
    np.testing.assert_allclose(some_read.preview(0, 8), all_read.preview(0, 8), atol=1e-3)
    with pytest.raises(InputError, match="two classes"):
        some_read.learn(np.zeros_like(scene.strokes), [(0, 8)])


@pytest.mark.parametrize("slices", [None, [(0, 8)]])
def test_strokes_over_the_margin_teach_nothing(
    model: Model, scene: object, slices: list[tuple[int, int]] | None
) -> None:
    images = scene.image.copy()
    images[..., 32:] = np.nan
    inside = scene.strokes.copy()
    inside[..., 32:] = 0
    overrun = inside.copy()
    overrun[0, 8, 10:40:5, 34:] = 1
    clean, spilt = (InstantModel(images, model, device="cpu") for _ in range(2))
    clean.learn(inside, slices)
    spilt.learn(overrun, slices)
    np.testing.assert_array_equal(spilt.preview(0, 8), clean.preview(0, 8))
    with pytest.raises(InputError, match="nothing was imaged"):
        spilt.learn(np.where(np.isfinite(images), inside == 1, 2 * (overrun == 1)), slices)


def test_stops_when_told(model: Model, scene: object) -> None:
    def stop(progress: object) -> None:
        raise Cancelled

    instant = InstantModel(scene.image, model, device="cpu")
    with pytest.raises(Cancelled):
        instant.learn(scene.strokes, progress=stop)
    instant.learn(scene.strokes)
    assert instant.preview(0, 8).shape == (3, 48, 48)


@pytest.fixture(scope="module")
def electrode() -> Electrode:
    return make_electrode(draw_settings(51, shape=(20, 64, 64), frames=1), 1)


def preview_quality(instant: InstantModel, truth: np.ndarray) -> float:
    table = np.zeros((3, 3), np.int64)
    for z in (3, 10, 16):
        table += confusion(truth[z], instant.preview(0, z).argmax(0) + 1, 3)
    return float(dice(table).mean())


def test_what_is_known_of_classes_helps(electrode: Electrode) -> None:
    """Two small strokes say little; grey values are squared, so they must be told."""
    images = np.square(electrode.images.astype(np.float32))
    strokes = paint_strokes(electrode.phases, slices=1, share=0.001)
    instant = InstantModel(images, device="cpu")
    instant.learn(strokes)
    before = preview_quality(instant, electrode.phases[0])
    instant.learn(strokes, classes=DEFAULT_CLASSES)
    assert preview_quality(instant, electrode.phases[0]) > before + 0.02


def test_it_is_told_anew_when_strokes_have_doubled(electrode: Electrode) -> None:
    strokes = paint_strokes(electrode.phases, slices=1, share=0.001)
    instant = InstantModel(electrode.images, device="cpu")
    instant.learn(strokes, classes=DEFAULT_CLASSES)
    seen = instant.features(0, 10)
    z, y, x = np.argwhere(strokes[0] == 1)[0]
    fewer = strokes.copy()
    fewer[0, z, y, x] = 0
    instant.learn(fewer, classes=DEFAULT_CLASSES)
    assert instant.features(0, 10) is seen
    more = np.maximum(strokes, paint_strokes(electrode.phases, slices=3, share=0.004, seed=1))
    instant.learn(more, classes=DEFAULT_CLASSES)
    assert instant.features(0, 10) is not seen


def test_stopped_after_it_was_told_it_previews_nothing_old(electrode: Electrode) -> None:
    """The layer that was fitted belongs to other features."""

    def stop(progress: object) -> None:
        raise Cancelled

    strokes = paint_strokes(electrode.phases, slices=1, share=0.001)
    more = np.maximum(strokes, paint_strokes(electrode.phases, slices=3, share=0.004, seed=1))
    instant = InstantModel(electrode.images, device="cpu")
    instant.learn(strokes, classes=DEFAULT_CLASSES)
    with pytest.raises(Cancelled):
        instant.learn(more, classes=DEFAULT_CLASSES, progress=stop)
    with pytest.raises(InputError, match="nothing to preview"):
        instant.preview(0, 10)


def test_a_model_that_asks_a_forest_lends_its_network(electrode: Electrode) -> None:
    """As models of single slices do."""
    images, phases = electrode.images.swapaxes(0, 1), electrode.phases.swapaxes(0, 1)
    strokes = paint_strokes(phases, frames=(3,), slices=1, share=0.02)
    settings = TrainSettings(effort="instant", second_opinion="always")
    own = train(images, strokes, settings=settings, classes=DEFAULT_CLASSES, device="cpu")
    instant = InstantModel(images, own, device="cpu")
    instant.learn(strokes, classes=DEFAULT_CLASSES)
    labels = instant.preview(8, 0).argmax(0) + 1
    assert dice(confusion(phases[8, 0], labels, 3)).mean() > 0.7

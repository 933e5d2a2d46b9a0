from __future__ import annotations

import numpy as np
import pytest

from operando.errors import Cancelled, InputError
from operando.segment import InstantModel, Model, predict
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


def test_stops_when_told(model: Model, scene: object) -> None:
    def stop(progress: object) -> None:
        raise Cancelled

    instant = InstantModel(scene.image, model, device="cpu")
    with pytest.raises(Cancelled):
        instant.learn(scene.strokes, progress=stop)
    instant.learn(scene.strokes)
    assert instant.preview(0, 8).shape == (3, 48, 48)

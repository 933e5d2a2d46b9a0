from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import LabelClass
from operando.errors import Cancelled
from operando.nets import checkpoint
from operando.segment import Model, TrainSettings, pretrained
from operando.steps import STEPS, run_step
from operando.steps.training_runs import training_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando import Study
    from operando.compute import Progress
    from operando.steps import Step

STOP = 5
SETTINGS = TrainSettings(effort="quick", width=4, patch=16, patch_depth=4, network="separable")
TRAIN = STEPS["train"](start="scratch", settings=SETTINGS, device="cpu")
LEARN = STEPS["learn-images"](model="model", settings=SETTINGS, device="cpu")


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", np.inf)


def stop_midway(study: Study, step: Step = TRAIN) -> None:
    def progress(record: Progress) -> None:
        if record.done == STOP:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_step(study, step, progress)


def goes_on(study: Study, step: Step = TRAIN) -> bool:
    """Begin a step, and tell whether it goes on from where it was stopped."""
    told = []

    def progress(record: Progress) -> None:
        told.append(record.message)
        raise Cancelled

    with pytest.raises(Cancelled):
        run_step(study, step, progress)
    return told == [f"Training, resumed at step {STOP}"]


def test_a_stopped_training_goes_on_when_it_is_run_again(study: Study) -> None:
    whole = run_step(study, TRAIN.model_copy(update={"model": "whole"}))
    stop_midway(study)
    assert study.products("models") == ["whole"]
    entry = run_step(study, TRAIN)
    assert entry.values["resumed_at"] == STOP
    assert entry.summary == f"{whole.summary}, resumed at step {STOP}"
    stopped, once = (Model.load(study.product_path(f"models/{n}")) for n in ("model", "whole"))
    for name, values in once.weights.items():
        np.testing.assert_array_equal(stopped.weights[name], values)
    assert sorted(p.name for p in (study.path / "models").iterdir()) == ["model", "whole"]
    seconds = training_runs(study).set_index("run")["seconds"]
    assert seconds["model"] == pytest.approx(entry.seconds + entry.values["seconds_before"])


def test_learning_from_images_goes_on_too(study: Study) -> None:
    stop_midway(study, LEARN)
    assert goes_on(study, LEARN)


def paint(study: Study) -> None:
    study.strokes().paint((slice(0, 1), slice(0, 1), slice(0, 1), slice(0, 4)), 1)


def rename(study: Study) -> None:
    first, *others = study.strokes().classes
    study.strokes().set_classes([LabelClass("void", first.colour), *others])


def thicken(study: Study) -> None:
    z, y, x = study.voxel_size
    study.calibrate((4 * z, y, x))


@pytest.mark.parametrize("change", [paint, rename, thicken])
def test_a_training_on_something_else_begins_anew(
    study: Study, change: Callable[[Study], None]
) -> None:
    stop_midway(study)
    assert goes_on(study)
    change(study)
    assert not goes_on(study)


def test_a_training_with_other_settings_begins_anew(study: Study) -> None:
    stop_midway(study)
    other = SETTINGS.model_copy(update={"seed": 1})
    assert not goes_on(study, TRAIN.model_copy(update={"settings": other}))


def test_a_model_that_is_trained_further_under_its_own_name_counts(study: Study) -> None:
    model = pretrained()
    further = TRAIN.model_copy(update={"start": "model"})
    model.save(study.product_path("models/model"))
    run_step(study, STEPS["import-model"](package=str(study.product_path("models/model"))))
    stop_midway(study, further)
    assert goes_on(study, further)
    run_step(study, STEPS["import-model"](package=str(study.product_path("models/model"))))
    assert not goes_on(study, further)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.nets import fastest
from operando.segment import predict, pretrained
from operando.steps import STEPS, run_step

if TYPE_CHECKING:
    import pytest

    from operando import Study
    from operando.compute import Progress
    from operando.samples import Electrode


def test_labels_are_those_of_the_model_in_single_precision(
    study: Study, electrode: Electrode
) -> None:
    model = pretrained()
    model.save(study.product_path("models/model"))
    entry = run_step(study, STEPS["segment"](device="cpu", precision="float32"))
    assert entry.values["probability_difference"] == 0
    labels = np.asarray(study.open_array("phases/phases"))
    for t, image in enumerate(electrode.images):
        expected = predict(model, image, device="cpu", precision="float32").argmax(0) + 1
        np.testing.assert_array_equal(labels[t].reshape(image.shape), expected)


def test_the_way_of_long_jobs_is_told_and_recorded(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest, "WORTH_TRYING_SECONDS", 0)
    pretrained().save(study.product_path("models/model"))
    told: list[Progress] = []
    entry = run_step(study, STEPS["segment"](device="cpu"), told.append)
    assert told[0].message == "Trying torch float32"
    name = told[-1].message.removeprefix("Segmenting (").removesuffix(")")
    assert name in {"torch float32", "torch bfloat16", "OpenVINO float32", "OpenVINO bfloat16"}
    difference = entry.values["probability_difference"]
    assert (difference == 0) == (name == "torch float32")
    assert difference <= fastest.TOLERANCE

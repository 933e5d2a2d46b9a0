from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.steps.training_runs import learning_curve, model_in_use, training_runs
from operando.study.record import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando import Study

PHASES = ("pore", "binder", "particle")


@pytest.fixture
def runs(study: Study, trained: Callable[..., None]) -> Study:
    trained(study, "model 2", "2026-01-02T00:00:00+00:00", 0.9, width=8)
    trained(study, "model", "2026-01-01T00:00:00+00:00", 0.7)
    return study


def test_runs_are_in_order_of_time_and_show_what_differs(runs: Study) -> None:
    table = training_runs(runs)
    assert list(table["run"]) == ["model", "model 2"]
    assert list(table["setting_width"]) == [16, 8]
    assert [c for c in table if c.startswith("setting_")] == ["setting_width"]
    assert list(table["held_out_dice"]) == [0.7, 0.9]
    assert list(table["held_out_iou_pore"]) == [0.8, 0.8]
    assert set(table["seconds"]) == {60}
    assert "dice" not in table
    assert learning_curve(runs, "model 2")["held_out_dice"].iloc[0] == 0.9


def test_scores_against_a_reference_count_until_the_model_changes(
    runs: Study, score: Callable[..., None], trained: Callable[..., None]
) -> None:
    score(runs, "model 2")
    table = training_runs(runs).set_index("run")
    row = table.loc["model 2"]
    assert row["accuracy"] == 0.95
    assert row["iou_pore"] == pytest.approx(0.55)
    assert row["interface_um2_binder"] == pytest.approx(4)
    assert [row[f"fraction_{p}"] for p in PHASES] == pytest.approx([1 / 6, 1 / 3, 1 / 2])
    assert table.attrs["reference"]["fraction_pore"] == pytest.approx(1 / 3)
    assert table.attrs["reference"]["interface_um2_pore"] == 7
    assert np.isnan(table.loc["model", "accuracy"])

    trained(runs, "model 2", "2026-01-03T00:00:00+00:00", 0.95)
    assert "accuracy" not in training_runs(runs)


def test_the_model_in_use_is_the_last_trained_or_segmented_with(runs: Study) -> None:
    assert model_in_use(runs) == "model"
    used = {"model": "model 2", "phases": "phases"}
    runs.add_entry(Entry(step="segment", settings=used, outputs=("phases/phases",)))
    assert model_in_use(runs) == "model 2"
    runs.remove("models/model 2", for_good=True)
    assert model_in_use(runs) == "model"
    assert [e.superseded for e in runs.entries if e.step == "train"] == [True, False]


def test_a_study_without_models_and_a_damaged_one(runs: Study, study: Study) -> None:
    (runs.product_path("models/model") / "model.json").write_text("{")
    assert list(training_runs(runs)["run"]) == ["model 2"]
    for name in ("model", "model 2"):
        study.remove(f"models/{name}")
    assert training_runs(study).empty
    assert model_in_use(study) is None

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from operando.compute.progress import Progress
from operando.jobs import Job, JobState
from operando.steps import STEPS
from operando.ui.segment.runs_dock import RunsDock
from operando.ui.segment.runs_plot import curve_so_far

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.session import Session


@pytest.fixture
def study(study: Study, trained: Callable[..., None], score: Callable[..., None]) -> Study:
    """Two models, the second of which is scored against a reference."""
    trained(study, "model", "2026-01-01T00:00:00+00:00", 0.9)
    trained(study, "model 2", "2026-01-02T00:00:00+00:00", 0.8, width=8)
    score(study, "model 2")
    return study


@pytest.fixture
def dock(qtbot: QtBot, session: Session) -> Iterator[RunsDock]:
    dock = RunsDock(session)
    qtbot.addWidget(dock)
    dock.show()
    yield dock
    dock.unlink()


def column(dock: RunsDock, title: str) -> list[str]:
    table = dock.table
    titles = [table.horizontalHeaderItem(j).text() for j in range(table.columnCount())]
    return [table.item(row, titles.index(title)).text() for row in range(table.rowCount())]


def drawn(dock: RunsDock) -> set[str]:
    return {item.name() for item in dock.plot.plot.listDataItems()}


def test_it_shows_scores_and_what_differs(dock: RunsDock) -> None:
    assert column(dock, "Model") == ["model", "model 2"]
    assert column(dock, "Took") == ["1:00", "1:00"]
    assert column(dock, "Width") == ["16", "8"]
    assert column(dock, "Held-out Dice") == ["0.900", "0.800"]
    assert column(dock, "Accuracy (%)") == ["–", "95.0"]
    assert column(dock, "Interface pore (µm²)") == ["–", "4"]
    assert column(dock, "Fraction binder (%)") == ["–", "33.3"]
    titles = [dock.table.horizontalHeaderItem(j) for j in range(dock.table.columnCount())]
    assert "reference: 33.3" in next(t for t in titles if "Fraction" in t.text()).toolTip()


def test_it_sorts_by_value(dock: RunsDock) -> None:
    dock.table.sortItems(0, Qt.SortOrder.DescendingOrder)
    assert column(dock, "Model") == ["model 2", "model"]
    titles = [dock.table.horizontalHeaderItem(j).text() for j in range(dock.table.columnCount())]
    dock.table.sortItems(titles.index("Width"), Qt.SortOrder.AscendingOrder)
    assert column(dock, "Width") == ["8", "16"]
    dock.table.select(["model"])
    dock.refresh()
    assert dock.table.selected() == ["model"]
    assert column(dock, "Width") == ["8", "16"]


def test_curves_of_the_selected_runs_are_drawn(dock: RunsDock) -> None:
    assert drawn(dock) == {"model", "model 2"}
    dock.table.select(["model 2"])
    dock.table.chosen.emit()
    assert drawn(dock) == {"model 2"}
    dock.plot.measure.setCurrentText("loss")
    assert dock.plot.plot.listDataItems()[0].getData()[1] == [0.5]


def test_a_training_that_runs_is_among_them(dock: RunsDock, study: Study) -> None:
    job = Job(study, STEPS["train"](model="model 3"))
    job.state = JobState.RUNNING
    job.reports = [Progress(done=1, total=9, unit="steps", values={"loss": 0.7})]
    dock._session.job = job
    dock._session.job_changed.emit()
    assert column(dock, "Trained")[-1] == "running"
    dock.plot.measure.setCurrentText("loss")
    assert drawn(dock) == {"model", "model 2", "model 3"}
    dock.table.select(["model 3"])
    dock.table.chosen.emit()
    assert not dock.use.isEnabled()
    assert not dock.remove.isEnabled()
    job.reports.append(Progress(done=2, total=9, unit="steps", values={"loss": 0.5}))
    dock._session.job_changed.emit()
    assert list(dock.plot.plot.listDataItems()[0].getData()[0]) == [1, 2]


def test_a_curve_so_far_has_what_was_measured() -> None:
    values = [{"loss": 0.5}, {"loss": 0.4, "held_out_loss": 0.3, "held_out_dice": 0.9}, {}]
    reports = [Progress(done=k, total=9, unit="steps", values=v) for k, v in enumerate(values, 1)]
    curve = curve_so_far(reports)
    assert list(curve["step"]) == [1, 2]
    assert np.isnan(curve["held_out_dice"][0])
    assert curve["held_out_dice"][1] == 0.9


def test_a_model_is_asked_for_by_name(qtbot: QtBot, dock: RunsDock) -> None:
    assert not dock.use.isEnabled()
    dock.table.select(["model"])
    dock.table.chosen.emit()
    with qtbot.waitSignal(dock.use_asked) as asked:
        qtbot.mouseClick(dock.use, Qt.MouseButton.LeftButton)
    assert asked.args == ["model"]


def test_removing_asks_first(
    qtbot: QtBot, dock: RunsDock, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    asked: list[str] = []

    def question(parent: object, title: str, text: str) -> object:
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "question", question)
    dock.table.select(["model 2"])
    dock.table.chosen.emit()
    qtbot.mouseClick(dock.remove, Qt.MouseButton.LeftButton)
    assert study.products("models") == ["model", "model 2"]
    qtbot.mouseClick(dock.remove, Qt.MouseButton.LeftButton)
    assert study.products("models") == ["model"]
    assert study.products("tables") == []
    assert column(dock, "Model") == ["model"]
    assert "model 2 is in use" in asked[0]


def test_models_are_left_alone_while_any_job_runs(
    qtbot: QtBot, dock: RunsDock, session: Session
) -> None:
    dock.table.select(["model"])
    dock.table.chosen.emit()
    assert dock.use.isEnabled()
    assert dock.remove.isEnabled()
    session.run(STEPS["quality"]())
    assert not dock.use.isEnabled()
    assert not dock.remove.isEnabled()
    qtbot.waitUntil(lambda: session.poll() or not session.is_busy, timeout=120_000)
    assert dock.use.isEnabled()
    assert dock.remove.isEnabled()


def test_a_job_that_starts_while_it_is_asked_keeps_the_models(
    qtbot: QtBot,
    dock: RunsDock,
    session: Session,
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def question(parent: object, title: str, text: str) -> object:
        session.run(STEPS["quality"]())
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", question)
    dock.table.select(["model"])
    dock.table.chosen.emit()
    qtbot.mouseClick(dock.remove, Qt.MouseButton.LeftButton)
    assert study.products("models") == ["model", "model 2"]
    assert "is still running" in dock.note.text()


def test_several_are_scored_one_after_the_other(
    dock: RunsDock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(dock._session, "enqueue", asked.append)
    dock.score_against("truth.tif")
    assert [(s.name, s.model, s.reference) for s in asked] == [
        ("score-model", "model", "truth.tif"),
        ("score-model", "model 2", "truth.tif"),
    ]


def test_labels_are_kept_beside_the_segmentation(
    qtbot: QtBot, dock: RunsDock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(dock._session, "enqueue", asked.append)
    assert not dock.keep.isEnabled()
    dock.table.select(["model 2"])
    dock.table.chosen.emit()
    qtbot.mouseClick(dock.keep, Qt.MouseButton.LeftButton)
    assert asked == [STEPS["segment"](model="model 2", phases="model 2")]

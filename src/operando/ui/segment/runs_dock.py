"""The dock that compares trainings: a table, their learning curves, and what to do with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from operando.data.classes import COLOUR_CYCLE
from operando.errors import OperandoError
from operando.steps import STEPS
from operando.steps.train import Train
from operando.steps.training_runs import learning_curve, model_in_use, training_runs
from operando.ui import navigation
from operando.ui.dock.widgets import DockContent
from operando.ui.panels.panel import text_label
from operando.ui.segment.run_columns import RUNNING
from operando.ui.segment.runs_plot import RunsPlot, curve_so_far
from operando.ui.segment.runs_table import RunsTable
from operando.ui.theme import plot_colours

if TYPE_CHECKING:
    from operando.jobs import Job
    from operando.study import Study
    from operando.ui.session import Session


class RunsDock(DockContent):
    """Every trained model of the study beside the others, also the one that is being trained.

    Parameters
    ----------
    session
        The study and its jobs.
    parent
        Owner.
    """

    use_asked = Signal(str)
    """A model shall be used; carries its name."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._seen: tuple[object, int] = (None, 0)
        self._was_busy = False
        self._colours: dict[str, str] = {}
        self._curves: dict[str, pd.DataFrame] = {}
        self.table = RunsTable()
        self.plot = RunsPlot()
        self.note = text_label()
        self.use = QPushButton("Use this model")
        self.use.setToolTip("Segment every frame with the selected model; it is in bold then")
        self.keep = QPushButton("Keep its labels")
        self.keep.setToolTip(
            "Segment with the selected models too, each under its own name: to be held against "
            "the segmentation by Show difference and Side by side"
        )
        self.score = QPushButton("Score against a reference…")
        self.score.setToolTip(
            "Choose a file of labels (of all frames, or of the frame in view) and score the "
            "selected models on it, or all: accuracy, Dice, IoU, outlines, interfaces. The "
            "segmentation of the study is left alone."
        )
        self.remove = QPushButton("Remove…")
        self.remove.setToolTip("Delete the selected models")
        self._lay_out()
        self.table.chosen.connect(self._on_chosen)
        self.use.clicked.connect(self._on_use)
        self.keep.clicked.connect(self._on_keep)
        self.score.clicked.connect(self._on_score)
        self.remove.clicked.connect(self._on_remove)
        session.study_changed.connect(self.refresh)
        session.products_changed.connect(self._on_products)
        session.job_changed.connect(self._on_job)
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self.refresh()

    def unlink(self) -> None:
        """Let go of viewer and session."""
        self._session.study_changed.disconnect(self.refresh)
        self._session.products_changed.disconnect(self._on_products)
        self._session.job_changed.disconnect(self._on_job)
        self._session.viewer.events.theme.disconnect(self._on_theme)

    def refresh(self) -> None:
        """Show the models there are."""
        study, job = self._session.study, self._training()
        runs = training_runs(study) if study is not None else pd.DataFrame()
        self._curves = {name: learning_curve(study, name) for name in runs.get("run", ())}
        if job is not None:
            runs = _with_running(runs, job.step.model)
            self._curves[job.step.model] = curve_so_far(job.reports)
        names = list(self._curves)
        self._colours = {n: COLOUR_CYCLE[k % len(COLOUR_CYCLE)] for k, n in enumerate(names)}
        self.table.set_runs(runs, self._colours, model_in_use(study) if study else None)
        self.note.setText("" if len(runs) else "No model is trained yet.")
        self.note.setVisible(not len(runs))

    def score_against(self, path: str) -> None:
        """Score the selected models, or all, against a file of labels; they wait in the queue."""
        study = self._session.study
        if study is None:
            return
        frame = navigation.current_frame(self._session.viewer, len(study.times))
        try:
            for name in self._finished(self.table.selected()) or self._finished(self._colours):
                step = STEPS["score-model"](model=name, reference=path, frame=frame)
                self._session.enqueue(step)
        except OperandoError as error:
            self._say(f"⚠ {error}")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.use, self.keep, self.score, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.note)
        column.addWidget(self.table, 1)
        self._splitter = QSplitter()
        self._splitter.addWidget(left)
        self._splitter.addWidget(self.plot)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 2)
        layout.addWidget(self._splitter)

    def _training(self) -> Job | None:
        """Job that trains now."""
        job = self._session.job
        under_way = job is not None and not job.state.is_over and isinstance(job.step, Train)
        return job if under_way else None

    def _finished(self, names: list[str] | dict[str, str]) -> list[str]:
        study = self._session.study
        there = study.products("models") if study is not None else []
        return [name for name in names if name in there]

    def _on_chosen(self) -> None:
        self._offer()
        shown = self.table.selected() or list(self._curves)
        self.plot.set_curves({n: self._curves[n] for n in shown}, self._colours)

    def _offer(self) -> None:
        """Enable what can be done now with the selected models."""
        there, busy = self._finished(self.table.selected()), self._session.is_busy
        self._was_busy = busy
        self.use.setEnabled(len(there) == 1 and not busy)
        self.keep.setEnabled(bool(there))
        self.remove.setEnabled(bool(there) and not busy)
        self.score.setEnabled(bool(self._finished(self._colours)))

    def _on_use(self) -> None:
        for name in self._finished(self.table.selected())[:1]:
            self.use_asked.emit(name)

    def _on_keep(self) -> None:
        for name in self._finished(self.table.selected()):
            self._session.enqueue(STEPS["segment"](model=name, phases=name))

    def _on_score(self) -> None:
        dialog = QFileDialog(self, "Reference labels")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.score_against)
        dialog.open()

    def _on_remove(self) -> None:
        study, names = self._session.study, self._finished(self.table.selected())
        if study is None or not names or not self._may_remove(study, names):
            return
        try:
            self._session.check_idle()
        except OperandoError as error:
            self._say(f"⚠ {error}")
            return
        for name in names:
            for product in (f"models/{name}", f"tables/{name}_score"):
                folder, _, own = product.partition("/")
                if own in study.products(folder):
                    study.remove(product, for_good=True)
        self._session.edited()
        self._session.products_changed.emit("train")

    def _may_remove(self, study: Study, names: list[str]) -> bool:
        """Ask; no where another study is open by the time of the answer."""
        used = model_in_use(study)
        note = f" {used} is in use." if used in names else ""
        what = ", ".join(names)
        question = f"Delete {what} with weights, curve and scores?{note} This cannot be undone."
        answer = QMessageBox.question(self, "Operando", question)
        return answer == QMessageBox.StandardButton.Yes and study is self._session.study

    def _on_products(self, step_name: str) -> None:
        if step_name in ("train", "segment", "score-model"):
            self.refresh()

    def _on_job(self) -> None:
        """Follow the training that runs; while anything runs, models are left alone."""
        if self._session.is_busy != self._was_busy:
            self._offer()
        job = self._training()
        seen = (job, len(job.reports) if job else 0)
        if seen == self._seen:
            return
        before, self._seen = self._seen, seen
        if job is None or before[0] is not job:
            self.refresh()
            return
        self._curves[job.step.model] = curve_so_far(job.reports)
        self._on_chosen()

    def _on_theme(self, event: object = None) -> None:
        del event
        self.plot.set_colours(*plot_colours(self._session.viewer))

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))


def _with_running(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add a row for the training that runs."""
    others = runs[runs["run"] != name] if len(runs) else runs
    row = pd.DataFrame({"run": [name], "trained": [RUNNING]})
    table = pd.concat([others, row], ignore_index=True) if len(others) else row
    table.attrs = dict(runs.attrs)
    return table

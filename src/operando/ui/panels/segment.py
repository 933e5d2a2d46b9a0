"""The panel Segment: learn from the strokes, then label every frame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton

from operando.errors import OperandoError
from operando.steps import STEPS
from operando.steps.grid import expand_grid
from operando.steps.train import Train
from operando.steps.training_runs import learning_curve, model_in_use
from operando.study.phases import open_phases
from operando.ui.dock.section import Mark
from operando.ui.dock.widgets import add_dock, remove_dock
from operando.ui.forms.fields import ChoiceField, TextField
from operando.ui.jobs.loss_curve import LossCurve, curve_of
from operando.ui.panels.panel import text_label
from operando.ui.panels.run_panel import RunPanel
from operando.ui.segment.card import CardBox
from operando.ui.segment.confidence import ConfidenceBox
from operando.ui.segment.connectivity import ConnectivityBox
from operando.ui.segment.difference import DifferenceBox
from operando.ui.segment.guidance import Guidance
from operando.ui.segment.judge import JudgeBox
from operando.ui.segment.mend import MendBox
from operando.ui.segment.paint_twice import PaintTwiceBox
from operando.ui.segment.queue_box import QueueBox
from operando.ui.segment.result_text import fractions_html, interval_text, training_text
from operando.ui.segment.runs_dock import RunsDock
from operando.ui.segment.train_form import (
    PRECISIONS,
    STARTS,
    labelled_row,
    make_train_form,
)
from operando.ui.theme import plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from operando.steps import Step
    from operando.study import Study
    from operando.ui.forms.form import SettingsForm
    from operando.ui.session import Session

_MODEL, _PHASES = "model", "phases"


class SegmentPanel(RunPanel):
    """Trains a network on the strokes and labels every frame with it; shows how it goes.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.
    """

    title = "Segment"
    step_name = "segment"
    job_names = ("train", "connectivity", "score-model", "steady", "repair")
    sentence = "Learn the classes from your strokes, then label every voxel of every frame."
    button_text = "Train and segment"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._curve_of: object = None
        self._in_use: str | None = None
        self.curve = LossCurve()
        self.curve.hide()
        self.extra.addWidget(self.curve)
        self.runs: RunsDock | None = None
        self.grid = TextField()
        self.grid.setPlaceholderText("width 8, 16; seed 0, 1, 2")
        self.grid.setToolTip(
            "Values between commas, settings between semicolons: every combination is trained, one "
            "after the other, and kept under a name of its own to be compared"
        )
        self.grid_row = labelled_row("Try several", self.grid)
        self.grid_note = text_label()
        self.model = ChoiceField()
        self.model.setToolTip("Model of this study that Segment uses")
        self.model_row = labelled_row("Segment with", self.model)
        self.precision = ChoiceField(PRECISIONS)
        self.precision.setToolTip(STEPS["segment"].model_fields["precision"].description)
        self.precision_row = labelled_row("Precision", self.precision)
        place = self.column.indexOf(self.extra)
        self.column.insertWidget(place, self.precision_row)
        self.column.insertWidget(place, self.grid_row)
        self.column.insertWidget(place + 1, self.grid_note)
        self.column.insertWidget(self.column.indexOf(self.buttons), self.model_row)
        self.queue = QueueBox(session)
        self.column.insertWidget(self.column.indexOf(self.job_bar) + 1, self.queue)
        self.segment_only = QPushButton("Segment")
        self.segment_only.setToolTip("Label every frame with the model there is, without training")
        self.segment_only.setMinimumHeight(30)
        self.buttons.addWidget(self.segment_only)
        self.segment_only.clicked.connect(self._on_segment_only)
        self.guidance = Guidance(session)
        self.column.addWidget(self.guidance)
        self.judge = JudgeBox("Judge the result")
        self.column.addWidget(self.judge)
        self.confidence = ConfidenceBox(session)
        self.connectivity = ConnectivityBox(session)
        self.difference = DifferenceBox(session)
        self.card = CardBox(session)
        self.compare_runs = QPushButton("Compare runs")
        self.compare_runs.setToolTip(
            "Every trained model in a table, with scores, learning curves and what it gives"
        )
        self.judge.add_button(self.compare_runs)
        self.paint_twice = PaintTwiceBox(session)
        for box in (self.confidence, self.connectivity, self.paint_twice, self.card):
            self.judge.add_button(box.button)
        parts = (self.card, self.difference, self.confidence, self.paint_twice, self.connectivity)
        for part in parts:
            self.judge.add(part)
        self.mend = MendBox(session, self.difference)
        self.mend.asked.connect(self.run)
        self.column.addWidget(self.mend)
        self.connectivity.button.clicked.connect(self._on_connectivity)
        self.compare_runs.clicked.connect(self.show_runs)
        self.queue.add_asked.connect(self._on_add)
        self.grid.valueChanged.connect(self._on_grid)
        self.form.more.toggled.connect(self._on_grid)
        self.form.valueChanged.connect(self._on_grid)
        self._on_grid()
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()

    def make_form(self) -> SettingsForm:
        """Ask where to start and for how long; the rest has good defaults."""
        return make_train_form()

    def steps(self) -> Sequence[Step]:
        """Train, then label; of several trainings that are tried, the first."""
        train = self.trainings()[0]
        return [train, self._segment(train.model)]

    def trainings(self) -> list[Train]:
        """Trainings that are asked for; each is kept under a name that is not taken.

        Raises
        ------
        InputError
            If the values to try cannot be read.
        """
        asked = self.form.value().model_copy(update={"model": _MODEL})
        return expand_grid(asked, self.grid.text(), self._taken_names())

    def obstacle(self) -> str:
        """Say what is missing."""
        painter = self.session.painter
        if painter is not None and len(painter.counts.voxels) < 2:
            return "Paint strokes of at least two classes first, under Annotate."
        return super().obstacle()

    def refresh(self) -> None:
        """Show model, curve and phase fractions."""
        study = self.session.study
        models = study.products("models") if study is not None else []
        has_model = bool(models)
        self.form.set_choices("start", [*STARTS, *((m, f"go on from {m}") for m in models)])
        self.segment_only.setVisible(has_model)
        self._offer_models(models)
        self.judge.setVisible(has_model or self.confidence.is_there())
        self.guidance.refresh()
        self.confidence.refresh()
        self.difference.refresh()
        self.connectivity.refresh()
        self.card.refresh()
        self.paint_twice.refresh()
        self.mend.refresh()
        super().refresh()

    def refresh_job(self) -> None:
        """Show how far training or labelling is."""
        super().refresh_job()
        self.segment_only.setEnabled(not self.session.is_busy)
        self.connectivity.button.setEnabled(
            self.connectivity.is_there() and not self.session.is_busy
        )
        self.queue.refresh()
        self.mend.refresh_job()
        self._show_curve()

    def state(self) -> tuple[Mark, str]:
        """Sign and result; a model without segmentation counts as not yet."""
        mark, text = super().state()
        train = self.session.status("train")
        if mark is Mark.NOT_YET and train is not None and train.entry is not None:
            return mark, f"trained, {train.summary}"
        return mark, text

    def results(self) -> str:
        """Score of the model, and the share of every phase in every frame."""
        study = self.session.study
        if study is None:
            return ""
        parts = []
        train = self.session.status("train")
        if train is not None and train.entry is not None:
            parts.append(escape(training_text(train.entry.values)))
        if _PHASES in study.products("tables") and _PHASES in study.products("phases"):
            _, _, classes = open_phases(study.product_path(f"phases/{_PHASES}"))
            colours = {c.name: c.colour for c in classes}
            table = study.table(_PHASES)
            parts.append(fractions_html(table, colours))
            parts.append(escape(interval_text(table)))
        return "<br>".join(part for part in parts if part)

    def close_panel(self) -> None:
        """Let go of the viewer."""
        self.session.viewer.events.theme.disconnect(self._on_theme)
        if self.runs is not None:
            remove_dock(self.session.viewer, self.runs)
        self.confidence.close_box()
        self.difference.close_box()
        self.connectivity.close_box()
        self.paint_twice.close_box()
        self.mend.close_box()

    def show_runs(self) -> None:
        """Open the table of trained models below the canvas, if it is not open yet."""
        if self.runs is not None:
            return
        runs = RunsDock(self.session)
        if not add_dock(self.session.viewer, runs, "Runs", "bottom"):
            runs.unlink()
            return
        self.runs = runs
        runs.use_asked.connect(self._on_use)
        runs.closed.connect(self._on_runs_closed)

    def _segment(self, model: str) -> Step:
        form = self.form.value()
        return STEPS["segment"](
            images=form.images,
            device=form.device,
            precision=self.precision.value(),
            model=model,
        )

    def _offer_models(self, models: Sequence[str]) -> None:
        """Offer the models there are; the one in use is chosen when that changes."""
        study = self.session.study
        used = model_in_use(study) if study is not None else None
        self.model.set_choices([(name, name) for name in models])
        if used is not None and used != self._in_use:
            self.model.setValue(used)
        self._in_use = used
        self.model_row.setVisible(len(models) > 1)

    def _taken_names(self) -> set[str]:
        """Names of models that there are or will be."""
        study, job = self.session.study, self.session.job
        steps = [step for steps in self.session.queue for step in steps]
        if job is not None and not job.state.is_over:
            steps.append(job.step)
        coming = {step.model for step in steps if isinstance(step, Train)}
        return coming | set(study.products("models") if study is not None else ())

    def _on_primary(self) -> None:
        """Train and label; several trainings one after the other, to be compared."""
        self._run_or_queue(at_once=True)

    def _on_add(self) -> None:
        self._run_or_queue(at_once=False)

    def _run_or_queue(self, *, at_once: bool) -> None:
        try:
            trainings = self.trainings()
            if len(trainings) == 1 and at_once:
                self.session.run(*self.steps())
            elif len(trainings) == 1:
                self.session.enqueue(*self.steps())
            else:
                for train in trainings:
                    self.session.enqueue(train)
                self.show_runs()
        except OperandoError as error:
            self.show_error(error)
        else:
            self.show_error(None)

    def _on_segment_only(self) -> None:
        self.run([self._segment(self.model.value() or _MODEL)])

    def _on_use(self, name: str) -> None:
        self.model.setValue(name)
        self._on_segment_only()

    def _on_runs_closed(self) -> None:
        if self.runs is not None:
            self.runs.deleteLater()
            self.runs = None

    def _on_grid(self, value: object = None) -> None:
        """Say how many trainings the values to try make."""
        del value
        text = self.grid.text().strip()
        self.grid_row.setVisible(self.form.more.isChecked() or bool(text))
        self.precision_row.setVisible(
            self.form.more.isChecked() or self.precision.value() != PRECISIONS[0][0]
        )
        try:
            n = len(self.trainings())
            note = f"{n} trainings, one after the other" if n > 1 else ""
        except OperandoError as error:
            n, note = 1, f"⚠ {error}"
        self.grid_note.setText(note)
        self.grid_note.setVisible(bool(note))
        self.primary.setText(self.button_text if n == 1 else f"Train {n} models")

    def _on_connectivity(self) -> None:
        self.run([STEPS["connectivity"]()])

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.curve.set_colours(*plot_colours(self.session.viewer))

    def _show_curve(self) -> None:
        """Draw the running training, or the last one."""
        job = self.job
        if job is not None and job.step.name == "train":
            key: object = (job, len(job.reports))
            if key != self._curve_of:
                self._draw(key, curve_of(job.reports))
            return
        train = self.session.status("train")
        key = train.entry.id if train is not None and train.entry is not None else None
        if key != self._curve_of:
            name = train.entry.settings.get("model", _MODEL) if key else _MODEL
            self._draw(key, stored_curve(self.session.study, name))

    def _draw(self, key: object, curve: NDArray[np.float64]) -> None:
        self._curve_of = key
        self.curve.set_curve(curve)
        self.curve.setVisible(len(curve) > 0 or isinstance(key, tuple))


def stored_curve(study: Study | None, model: str) -> NDArray[np.float64]:
    """Curve ``(n, 3)`` that was kept with a model of a study; empty without one."""
    if study is None:
        return np.empty((0, 3))
    return learning_curve(study, model)[["step", "loss", "held_out_loss"]].to_numpy(float)

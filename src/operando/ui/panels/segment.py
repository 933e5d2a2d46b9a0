"""The panel Segment: learn from the strokes, then label every frame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from operando.errors import OperandoError
from operando.steps import STEPS
from operando.steps.grid import expand_grid, free_names
from operando.steps.train import Train
from operando.steps.training_runs import model_in_use
from operando.ui.dock.section import Mark
from operando.ui.dock.widgets import add_dock, remove_dock
from operando.ui.forms.fields import ChoiceField
from operando.ui.panels.run_panel import RunPanel
from operando.ui.segment.guidance import Guidance
from operando.ui.segment.judge import JudgeBox
from operando.ui.segment.learn_first import LearnFirst, has_nothing_to_adapt
from operando.ui.segment.mend import MendBox
from operando.ui.segment.model_choice import ModelChoice
from operando.ui.segment.queue_box import QueueBox
from operando.ui.segment.result_text import (
    fractions_html,
    interval_text,
    training_text,
    unpainted_text,
)
from operando.ui.segment.runs_dock import RunsDock
from operando.ui.segment.train_form import (
    PRECISIONS,
    STARTS,
    labelled_row,
    make_train_form,
)
from operando.ui.segment.training_curve import TrainingCurve
from operando.ui.segment.try_several import TrySeveral

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from operando.steps import Step
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
    side_jobs = ("import-model", "connectivity", "score-model", "steady", "repair")
    job_names = ("train", "learn-images", *side_jobs)
    sentence = "Learn the classes from your strokes, then label every voxel of every frame."
    button_text = "Train and segment"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.curve = TrainingCurve(session)
        self.extra.addWidget(self.curve)
        self.runs: RunsDock | None = None
        self.several = TrySeveral(self.trainings)
        self.learn_first = LearnFirst()
        self.precision = ChoiceField(PRECISIONS)
        self.precision.setToolTip(STEPS["segment"].model_fields["precision"].description)
        self.precision_row = labelled_row("Precision", self.precision)
        self.model = ModelChoice()
        self.queue = QueueBox(session)
        self.segment_only = QPushButton("Segment")
        self.segment_only.setToolTip("Label every frame with the model there is, without training")
        self.segment_only.setMinimumHeight(30)
        self.guidance = Guidance(session)
        self.judge = JudgeBox(session)
        self.mend = MendBox(session, self.judge.difference)
        self._lay_out()
        self._connect()
        self._on_more()

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
        return expand_grid(asked, self.several.text.text(), self._taken_names())

    def obstacle(self) -> str:
        """Say what is missing."""
        painter = self.session.painter
        if painter is not None and len(painter.counts.voxels) < 2:
            return (
                "Paint strokes of at least two classes first, under Annotate; or bring in a model "
                "from another study (More)."
            )
        if painter is not None and has_nothing_to_adapt(self.form.value(), self._n_channels):
            return (
                "“Instant” only adapts a network that has learned before, and none is there for "
                "this choice: choose more effort, or a model to go on from."
            )
        return super().obstacle()

    def refresh(self) -> None:
        """Show model, curve and phase fractions."""
        study = self.session.study
        models = study.products("models") if study is not None else []
        self.form.set_choices("start", [*STARTS, *((m, f"go on from {m}") for m in models)])
        self._on_form()
        self.segment_only.setVisible(bool(models))
        self.model.set_models(models, model_in_use(study) if study is not None else None)
        self._show_model_row()
        for part in (self.guidance, self.judge, self.mend):
            part.refresh()
        super().refresh()

    def refresh_job(self) -> None:
        """Show how far training or labelling is."""
        super().refresh_job()
        for button in (self.segment_only, self.learn_first.button):
            button.setEnabled(not self.session.is_busy)
        self.judge.refresh_job()
        self.queue.refresh()
        self.mend.refresh_job()
        self.curve.refresh(self.job)

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
            classes = study.phase_classes(_PHASES)
            colours = {c.name: c.colour for c in classes}
            table = study.table(_PHASES)
            parts.append(fractions_html(table, colours))
            parts.append(escape(interval_text(table)))
            parts.append(escape(unpainted_text(table, self._unpainted())))
        return "<br>".join(part for part in parts if part)

    def close_panel(self) -> None:
        """Let go of the viewer."""
        self.curve.close_curve()
        if self.runs is not None:
            remove_dock(self.session.viewer, self.runs)
        for part in (self.guidance, self.judge, self.mend):
            part.close_box()

    def bring_in(self, path: Path) -> None:
        """Take a model from elsewhere into the study, under a name that is not taken."""
        (name,) = free_names(path.stem, self._taken_names())
        self.run([STEPS["import-model"](package=str(path), model=name)])

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

    def _lay_out(self) -> None:
        place = self.column.indexOf(self.extra)
        self.column.insertWidget(place, self.precision_row)
        self.column.insertWidget(place, self.several)
        self.column.insertWidget(place, self.learn_first)
        self.column.insertWidget(self.column.indexOf(self.buttons), self.model)
        self.column.insertWidget(self.column.indexOf(self.job_bar) + 1, self.queue)
        self.buttons.addWidget(self.segment_only)
        for part in (self.guidance, self.judge, self.mend):
            self.column.addWidget(part)

    def _connect(self) -> None:
        self.segment_only.clicked.connect(self._on_segment_only)
        self.mend.asked.connect(self.run)
        self.judge.asked.connect(self.run)
        self.judge.compare_runs.clicked.connect(self.show_runs)
        self.queue.add_asked.connect(self._on_add)
        self.model.brought.connect(self.bring_in)
        self.several.counted.connect(self._on_counted)
        self.form.more.toggled.connect(self._on_more)
        self.form.valueChanged.connect(self.several.refresh)
        self.form.valueChanged.connect(self._on_form)
        self.learn_first.asked.connect(self.run)
        self.learn_first.learned.connect(self.form.field("start").setValue)

    def _unpainted(self) -> list[str]:
        """Classes without a stroke; none where nothing was painted, but a model brought in."""
        painter = self.session.painter
        return painter.unpainted if painter is not None and painter.counts.voxels else []

    def _segment(self, model: str) -> Step:
        form = self.form.value()
        return STEPS["segment"](
            images=form.images,
            device=form.device,
            precision=self.precision.value(),
            model=model,
        )

    def _show_model_row(self) -> None:
        study = self.session.study
        models = study.products("models") if study is not None else []
        self.model.setVisible(study is not None and (bool(models) or self.form.more.isChecked()))

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

    def _on_form(self) -> None:
        study = self.session.study
        models = study.products("models") if study is not None else []
        asked = self.form.value()
        grows_anew = asked.settings.network == "forest"
        keeps_network = asked.start in models and not grows_anew
        self.form.field("settings.network").setEnabled(not keeps_network)
        self.form.field("start").setEnabled(not grows_anew)
        self.learn_first.show_for(asked, self._n_channels, models)
        self.show_obstacle()
        self.queue.add.setEnabled(not self.hint.text())

    @property
    def _n_channels(self) -> int:
        study = self.session.study
        return study.series.n_channels if study is not None else 1

    def _on_more(self) -> None:
        more = self.form.more.isChecked()
        self.several.ask(more)
        self.precision_row.setVisible(more or self.precision.value() != PRECISIONS[0][0])
        self._show_model_row()

    def _on_counted(self, n: int) -> None:
        self.primary.setText(self.button_text if n == 1 else f"Train {n} models")

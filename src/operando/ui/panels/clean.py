"""The panel Clean: judge the images, choose an operation, see it on the slice, run it."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QPushButton

from operando.clean.quality import suggest
from operando.clean.self_supervised import PREVIEW_STEPS
from operando.errors import InputError
from operando.steps import STEPS, make_step
from operando.steps.clean import CLEAN_STEPS
from operando.ui.clean.forms import OperationForms
from operando.ui.clean.preview import SlicePreview, scores_text
from operando.ui.panels.panel import text_label
from operando.ui.panels.run_panel import RunPanel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget

    from operando.compute.progress import Progress
    from operando.errors import OperandoError
    from operando.steps import Step, StepStatus
    from operando.study.record import Entry
    from operando.ui.session import Session

UP_FRONT = {
    "denoise": ("method", "strength"),
    "denoise-learned": ("steps",),
    "deblur": ("blur", "rounds"),
    "rings": ("widest", "arc"),
    "stripes": ("direction", "widest"),
    "shading": ("scope", "order"),
    "spots": ("which", "size"),
    "intensity": ("by", "reference"),
    "slices": ("jumps", "tilt"),
    "mask": ("keep", "value"),
}
_PREVIEW_NOTES = {
    "denoise-learned": f"Trained for {PREVIEW_STEPS} steps on a part of this frame only.",
    "slices": "Shown with ten slices on either side: look at it from the side.",
}


class CleanPanel(RunPanel):
    """Makes cleaned sets of images; the source stays as it is.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.

    Attributes
    ----------
    preview : SlicePreview
        The visible slice, cleaned.
    show_preview : QCheckBox
        Switches it on and off.
    """

    title = "Clean"
    job_names = ("quality", *(step.name for step in CLEAN_STEPS))
    sentence = "Take away noise and artefacts. The recorded images stay as they are."
    button_text = "Clean all frames"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.preview = SlicePreview(session, self)
        self.show_preview = QCheckBox("Preview on the visible slice")
        self.preview_text = text_label()
        self.preview_text.hide()
        self.judge = QPushButton("Judge images")
        self.judge.setToolTip("Score noise, rings, stripes, brightness and drift of every frame")
        self.judge.setMinimumHeight(30)
        self.use_advice = QPushButton("Use the first suggestion")
        self.use_advice.hide()
        self.buttons.addWidget(self.judge)
        self.extra.addWidget(self.show_preview)
        self.column.insertWidget(self.column.indexOf(self.job_bar), self.preview_text)
        self.column.addWidget(self.use_advice)
        self.judge.clicked.connect(self._on_judge)
        self.use_advice.clicked.connect(self._on_advice)
        self.show_preview.toggled.connect(self._update_preview)
        self.form.valueChanged.connect(self._update_preview)
        self.preview.computed.connect(self._on_preview)
        self.preview.progressed.connect(self._on_preview_progress)
        self.preview.failed.connect(self._on_preview_failed)
        self.refresh()

    def make_form(self) -> OperationForms:
        """Ask for the operation and what matters about it."""
        return OperationForms(CLEAN_STEPS, UP_FRONT)

    @property
    def status(self) -> StepStatus | None:
        """State of the operation that ran last."""
        entry = self._last_run()
        return None if entry is None else self.session.status(entry.step)

    def steps(self) -> Sequence[Step]:
        """Return the chosen operation; its result never takes the place of what it reads."""
        step: Any = self.form.value()
        if step.images == f"images/{step.result}":
            step = step.model_copy(update={"result": f"{step.result}-again"})
        return [step]

    def results(self) -> str:
        """Say how good the images are, and what would help most."""
        advice, score = self._advice()
        lines = [score] if score else []
        lines += [escape(text) for _, _, text in advice]
        if score and not advice:
            lines.append("Nothing stands out that a filter would mend.")
        return "<br>".join(lines)

    def refresh(self) -> None:
        """Show the image sets there are, and the scores."""
        super().refresh()
        advice = [a for a in self._advice()[0] if a[0]]
        self.use_advice.setVisible(bool(advice))
        if self.session.study is None:
            self.show_preview.setChecked(False)

    def refresh_job(self) -> None:
        """Show how far the job is."""
        super().refresh_job()
        free = not self.session.is_busy and self.session.study is not None
        self.judge.setEnabled(free)

    def close_panel(self) -> None:
        """Let go of the viewer."""
        self.preview.close()
        super().close_panel()

    def _last_run(self) -> Entry | None:
        """Return the record of the operation that ran last."""
        study = self.session.study
        names = {step.name for step in CLEAN_STEPS}
        ran = [e for e in study.entries if e.step in names] if study is not None else []
        return ran[-1] if ran else None

    def _offer_image_sets(self) -> None:
        """Offer the newest set; to the operation that made it what it was made of.

        So another operation goes on from there, and the same one with other settings tries again.
        """
        before = self._image_sets
        super()._offer_image_sets()
        entry = self._last_run()
        if entry is not None and self._image_sets != before:
            self.form.form_of(entry.step).choose("images", entry.settings["images"])

    def _advice(self) -> tuple[list[tuple[str, dict[str, Any], str]], str]:
        study = self.session.study
        if study is None or "quality" not in study.products("tables"):
            return [], ""
        table = study.table("quality")
        worst = table.loc[table["score"].idxmin()]
        frame = int(worst["frame"])
        text = f"Image score {table['score'].mean():.0f} of 100, lowest in frame {frame} "
        return suggest(worst), text + f"({worst['score']:.0f})."

    def _on_judge(self) -> None:
        images = self.form.value().images
        self.run([STEPS["quality"](images=images)])

    def _on_advice(self) -> None:
        name, settings, _ = next(a for a in self._advice()[0] if a[0])
        with suppress(InputError):
            self.form.setValue(make_step(name, {"images": self.form.value().images, **settings}))

    def _update_preview(self) -> None:
        step = self.form.value()
        wanted = self.show_preview.isChecked() and self.session.study is not None
        self.preview_text.setVisible(wanted)
        if wanted:
            self.preview_text.setText("Computing the preview …")
        self.preview.show(step if wanted else None)

    def _on_preview(self, result: Any) -> None:
        self.show_error(None)
        note = _PREVIEW_NOTES.get(self.form.value().name, "")
        self.preview_text.setText(f"{scores_text(result)} {note}".rstrip())

    def _on_preview_failed(self, error: OperandoError) -> None:
        self.preview_text.clear()
        self.show_error(error)

    def _on_preview_progress(self, progress: Progress) -> None:
        if progress.fraction is not None:
            self.preview_text.setText(
                f"Preview: {progress.message.lower()}, {100 * progress.fraction:.0f} % …"
            )

"""A panel that runs one step: sentence, form, button, progress, result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy

from operando.errors import OperandoError
from operando.ui.forms import SettingsForm
from operando.ui.job_bar import JobBar
from operando.ui.panels.panel import Panel, text_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qtpy.QtWidgets import QWidget

    from operando.steps import Step
    from operando.ui.session import Session


class StepPanel(Panel):
    """Sentence, form with "More", one primary button, progress, and what came out.

    Subclasses name their step, its fields and texts, and add what shows its results below.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.
    """

    step: ClassVar[type[Step]]
    sentence: ClassVar[str] = ""
    button_text: ClassVar[str] = ""
    up_front: ClassVar[Sequence[str]] = ()
    hidden: ClassVar[Sequence[str]] = ()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.form = SettingsForm(self.step, self.up_front, self.hidden, self.choices())
        self.button = QPushButton(self.button_text)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.job_bar = JobBar()
        self.result = text_label()
        self._buttons = QHBoxLayout()
        self._buttons.addWidget(self.button, 1)
        self._buttons.addWidget(self.form.more)
        for widget in (text_label(self.sentence), self.form):
            self.column.addWidget(widget)
        self.column.addLayout(self._buttons)
        for widget in (self.error, self.job_bar, self.result):
            self.column.addWidget(widget)
        self.button.clicked.connect(self._on_run)
        self.job_bar.cancelled.connect(session.cancel)

    def choices(self) -> Mapping[str, Sequence[tuple[Any, str]]]:
        """Fields of the form that offer a choice, with what they offer at first."""
        return {}

    def refresh(self) -> None:
        """Show the state of the step, and whether it can run."""
        status = self.session.status(self.step.name)
        summary = status.summary if status else ""
        self.result.setText(summary)
        self.result.setVisible(bool(summary))
        self.refresh_job()

    def refresh_job(self) -> None:
        """Show this step's job."""
        job = self.session.job
        mine = job is not None and job.step.name == self.step.name
        self.job_bar.set_job(job if mine else None)
        why_not = self.why_not()
        self.button.setEnabled(not why_not)
        self.button.setToolTip(why_not)

    def why_not(self) -> str:
        """Tell why the step cannot run now; empty if it can."""
        study, job = self.session.study, self.session.job
        if study is None:
            return "Open a study first"
        if not study.writable:
            return "The study is open for reading only"
        if self.session.is_busy and job is not None:
            return f"{job.step.title} is still running"
        return ""

    def _on_run(self) -> None:
        self.show_error(None)
        try:
            self.session.run(self.form.value())
        except OperandoError as error:
            self.show_error(error)


def heading(text: str) -> QLabel:
    """Make a small heading inside a panel."""
    label = QLabel(f"<b>{text}</b>")
    label.setContentsMargins(0, 4, 0, 0)
    return label

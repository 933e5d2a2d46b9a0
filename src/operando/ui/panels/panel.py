"""What a panel of the dock is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from operando.jobs import JobState
from operando.ui.clicks import put_tool_down
from operando.ui.dock.section import Mark

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from operando.errors import OperandoError
    from operando.jobs import Job
    from operando.steps import StepStatus
    from operando.ui.session import Session

_MARKS = {"not yet": Mark.NOT_YET, "done": Mark.DONE, "out of date": Mark.OUT_OF_DATE}


class Panel(QWidget):
    """One section of the dock: a thin view of a session.

    Subclasses set `title` and, where they belong to a step, `step_name`, build their widgets in
    ``__init__`` on `self.column`, and fill them in `refresh`.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.
    """

    state_changed = Signal()
    """What `state` says has changed, though no job, stroke or product did."""

    title: ClassVar[str] = ""
    step_name: ClassVar[str | None] = None
    job_names: ClassVar[tuple[str, ...]] = ()
    """Names of further steps whose jobs belong to the panel."""
    side_jobs: ClassVar[tuple[str, ...]] = ()
    """Those among them that leave the result of the panel what it was, also when they fail."""
    hears_clicks: ClassVar[bool] = False
    """Whether clicks into the canvas mean something to it; they paint as long as a brush is out."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        self.error = text_label()
        self.error.setObjectName("error")
        self.error.hide()

    def showEvent(self, event: QShowEvent) -> None:
        """Take the brush out of the hand where clicks mean something else from now on."""
        super().showEvent(event)
        if self.hears_clicks and not event.spontaneous():
            put_tool_down(self.session.viewer)

    def refresh(self) -> None:
        """Show what has changed: the study, its strokes or products, or which job runs."""

    def refresh_job(self) -> None:
        """Show how far the job is; called many times a second while one runs."""

    @property
    def job(self) -> Job | None:
        """The session's job, if it is one of this panel."""
        job = self.session.job
        return job if job and job.step.name in {self.step_name, *self.job_names} else None

    @property
    def status(self) -> StepStatus | None:
        """State of the panel's step in the open study."""
        return self.session.status(self.step_name) if self.step_name else None

    def state(self) -> tuple[Mark, str]:
        """Sign and result in a few words, for the section's line."""
        job = self.job
        if job is not None and not job.state.is_over:
            fraction = job.progress.fraction if job.progress else None
            share = "" if fraction is None else f" {100 * fraction:.0f} %"
            return Mark.RUNNING, f"{job.step.title}{share}"
        failed = job is not None and job.state is JobState.FAILED
        if failed and job.step.name not in self.side_jobs:
            return Mark.FAILED, "failed"
        return self.last_state()

    def last_state(self) -> tuple[Mark, str]:
        """Sign and result of the last run that finished."""
        status = self.status
        return (_MARKS[status.state], status.summary) if status else (Mark.NOT_YET, "")

    def show_error(self, error: OperandoError | None) -> None:
        """Show a sentence about what went wrong, or none."""
        self.error.setText(f"⚠ {error}" if error else "")
        self.error.setVisible(error is not None)

    def close_panel(self) -> None:
        """Let go of whatever outlives the widget; called when the dock closes."""


def text_label(text: str = "") -> QLabel:
    """Make a label that wraps and can be copied from."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def heading(text: str) -> QLabel:
    """Make the title of a part of a panel."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label

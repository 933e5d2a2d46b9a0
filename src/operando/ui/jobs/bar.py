"""How far a job is, what became of it, and the way to stop it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from operando.jobs import JobState
from operando.ui.dock.accordion import reveal

if TYPE_CHECKING:
    from operando.compute.progress import Progress
    from operando.jobs import Job

_RESOLUTION = 1000


class JobBar(QWidget):
    """Progress with the time left and a button to cancel; on failure a sentence and the details.

    Parameters
    ----------
    parent
        Owner.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details = ""
        self.bar = QProgressBar()
        self.bar.setTextVisible(True)
        self.bar.setMinimumHeight(22)
        self.cancel = QPushButton("Cancel")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.details = QPushButton("Details…")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        running = QHBoxLayout()
        running.addWidget(self.bar, 1)
        running.addWidget(self.cancel)
        over = QHBoxLayout()
        over.addWidget(self.message, 1)
        over.addWidget(self.details, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(running)
        layout.addLayout(over)
        self.cancel.clicked.connect(self.cancelled)
        self.details.clicked.connect(self._show_details)
        self.set_job(None)

    def set_job(self, job: Job | None, to_come: int = 0) -> None:
        """Show the present state of a job, and how many follow; None shows nothing."""
        running = job is not None and not job.state.is_over
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.message.clear()
        self.message.hide()
        self.details.hide()
        self._details = job.details if job else ""
        was_hidden = self.isHidden()
        self.setVisible(job is not None and job.state is not JobState.FINISHED)
        if job is None:
            return
        if was_hidden:
            reveal(self)
        self.cancel.setEnabled(job.state is not JobState.CANCELLING)
        if running:
            self._show_progress(job, to_come)
        elif job.state is JobState.FAILED:
            self.message.setText(f"⚠ {job.error}")
            self.message.show()
            self.details.setVisible(bool(job.details))
        elif job.state is JobState.CANCELLED:
            self.message.setText(cancelled_text(job))
            self.message.show()

    def _show_progress(self, job: Job, to_come: int) -> None:
        fraction = job.progress.fraction if job.progress else None
        if fraction is None:  # Qt writes nothing on a bar without an end
            self.bar.setRange(0, 0)
            self.message.setText(progress_text(job, to_come))
            self.message.show()
        else:
            self.bar.setRange(0, _RESOLUTION)
            self.bar.setValue(round(_RESOLUTION * fraction))
            self.bar.setFormat(progress_text(job, to_come))

    def _show_details(self) -> None:
        dialog = QDialog(self)
        dialog.setWindowTitle("Details of the failure")
        dialog.resize(760, 420)
        text = QPlainTextEdit(self._details)
        text.setReadOnly(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        layout.addWidget(buttons)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def cancelled_text(job: Job) -> str:
    """Say what a cancelled job left behind."""
    unchanged = "Cancelled; what was there before is unchanged."
    if not job.step.goes_on:
        return unchanged
    return f"{unchanged} Started again as it is, it goes on where it stopped."


def progress_text(job: Job, to_come: int = 0) -> str:
    """Say how far a job is: ``"Train · 62 % · 0:21 left · then 2 more"``."""
    if job.state is JobState.CANCELLING:
        return "Cancelling …"
    more = [f"then {to_come} more"] if to_come else []
    progress = job.progress
    if progress is None:
        return " · ".join([job.step.title, "starting …", *more])
    parts = [progress.message or job.step.title]
    if progress.fraction is not None:
        parts.append(f"{100 * progress.fraction:.0f} %")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return " · ".join([*parts, *_values(progress), *more])


def duration(seconds: float) -> str:
    """Write a duration as ``0:21`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _values(progress: Progress) -> list[str]:
    dice = progress.values.get("held_out_dice")
    return [] if dice is None or isnan(dice) else [f"held-out Dice {dice:.2f}"]

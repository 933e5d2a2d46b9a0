"""The offer to convert images once that are slow to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.errors import OperandoError
from operando.steps import make_step
from operando.ui.jobs.bar import JobBar
from operando.ui.panels.panel import text_label
from operando.ui.wording import bytes_text

if TYPE_CHECKING:
    from operando.jobs import Job
    from operando.ui.session import Session


class ConvertBox(QWidget):
    """Says why the images are slow, and converts them in a job; hidden where they are fast.

    Parameters
    ----------
    session
        Runs the step.
    parent
        Owner.
    """

    failed = Signal(object)
    """An error that is meant for the user, or None when all is well again."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.reason = text_label()
        self.convert = QPushButton("Convert once for speed")
        self.convert.setToolTip(
            "Copies the images into the study as multiscale OME-Zarr; the files stay as they are"
        )
        self.job_bar = JobBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.reason, self.convert, self.job_bar):
            column.addWidget(widget)
        self.convert.clicked.connect(self._on_convert)
        self.job_bar.cancelled.connect(session.cancel)
        self.hide()

    def set_reason(self, reason: str) -> None:
        """Show why the images are slow; an empty text takes the offer away."""
        study = self._session.study
        self.setVisible(bool(reason) and study is not None)
        if reason and study is not None:
            self.reason.setText(
                f"{reason} A copy that is fast in every direction takes up to "
                f"{bytes_text(study.series.nbytes * 8 / 7)} in the study."
            )

    def set_job(self, job: Job | None) -> None:
        """Show how far the conversion is."""
        study = self._session.study
        self.convert.setEnabled(not self._session.is_busy and study is not None and study.writable)
        self.job_bar.set_job(job)

    def _on_convert(self) -> None:
        try:
            self._session.run(make_step("convert", {}))
        except OperandoError as error:
            self.failed.emit(error)
        else:
            self.failed.emit(None)

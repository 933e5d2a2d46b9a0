"""What a panel of the dock is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from operando.ui.section import Mark

if TYPE_CHECKING:
    from operando.errors import OperandoError
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

    title: ClassVar[str] = ""
    step_name: ClassVar[str | None] = None

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(8)
        self.error = text_label()
        self.error.setObjectName("error")
        self.error.hide()

    def refresh(self) -> None:
        """Show what has changed: the study, its strokes or products, or which job runs."""

    def refresh_job(self) -> None:
        """Show how far the job is; called many times a second while one runs."""

    def state(self) -> tuple[Mark, str]:
        """Sign and result in a few words, for the section's line."""
        if self.step_name is None:
            return Mark.NOT_YET, ""
        status = self.session.status(self.step_name)
        if status is None:
            return Mark.NOT_YET, ""
        return _MARKS[status.state], status.summary

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

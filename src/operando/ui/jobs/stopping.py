"""The question before a running job is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMessageBox

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session


def may_stop(session: Session, parent: QWidget, then: str = "close") -> bool:
    """Ask whether the job may be stopped; yes at once if none runs.

    Parameters
    ----------
    session
        Runs the job.
    parent
        Below the question.
    then
        What happens after it was stopped.
    """
    if not session.is_busy:
        return True
    title = session.job.step.title if session.job else "A job"
    question = f"{title} is still running. Stop it and {then}?"
    answer = QMessageBox.question(parent, "Operando", question)
    return answer == QMessageBox.StandardButton.Yes

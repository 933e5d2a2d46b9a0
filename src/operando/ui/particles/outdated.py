"""What was computed from particles before they were corrected, and a button to run it again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from operando.errors import InputError
from operando.steps import STEPS, make_step
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.steps import Step
    from operando.ui.session import Session


class OutdatedSteps(QWidget):
    """One line that names the steps to run again; hidden while there are none.

    Parameters
    ----------
    session
        Runs them.
    product
        Name of the particles that the steps read.
    parent
        Owner.
    """

    def __init__(self, session: Session, product: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._product = session, product
        self.text = text_label()
        self.again = QPushButton("Run again")
        self.again.setToolTip("Run them with the settings of the last time")
        self.again.clicked.connect(self._on_again)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.again)
        self.refresh()

    def refresh(self) -> None:
        """Look for steps that read the particles and are out of date."""
        steps = self.steps()
        self.setVisible(bool(steps))
        self.again.setEnabled(not self._session.is_busy)
        names = ", ".join(step.title for step in steps)
        self.text.setText(f"↻ Out of date: {names}." if steps else "")

    def steps(self) -> list[Step]:
        """Return the steps to run again, in order, with their last settings."""
        found = []
        for name in STEPS:
            status = self._session.status(name)
            if status is None or status.entry is None or status.state != "out of date":
                continue
            reads = {product.partition("/")[2] for product in status.entry.inputs}
            if self._product in reads:
                with suppress(InputError):  # settings of another version
                    found.append(make_step(name, status.entry.settings))
        return found

    def _on_again(self) -> None:
        self._session.run(*self.steps())

"""A button that teaches the splitter what was corrected by hand, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.ui.particles.corrector import Corrector
    from operando.ui.session import Session

STEP = "improve-splitter"


class SplitterTeacher(QWidget):
    """Offers to learn as soon as something was corrected.

    Parameters
    ----------
    session
        The open study.
    corrector
        Tells whether there are corrections.
    parent
        Owner.
    """

    wanted = Signal()
    """The splitter shall learn."""

    def __init__(
        self, session: Session, corrector: Corrector, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._corrector = session, corrector
        self.button = QPushButton("Learn from corrections")
        self.button.setToolTip(
            "Let the splitter learn which parts are one particle, also where nothing was "
            "corrected; kept only if it helps"
        )
        self.button.clicked.connect(self.wanted)
        self.said = text_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.said)
        corrector.moved.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Enable the button if there is something to learn from; say what was learned."""
        study = self._session.study
        ready = study is not None and study.writable and not self._session.is_busy
        self.button.setEnabled(ready and self._corrector.can_undo)
        text = self._learned()
        self.said.setText(text)
        self.said.setVisible(bool(text))

    def _learned(self) -> str:
        """Say what was learned last, and whether the particles were found with it."""
        learned, found = self._session.status(STEP), self._session.status("particles")
        if learned is None or learned.entry is None:
            return ""
        values = learned.entry.values
        text = (
            f"Learned from {values['corrections']:.0f} corrections: {values['spared']:.0f} of them "
            "would not have been needed had only the others been made; elsewhere "
            f"{values['changed']:.0f} joins change."
        )
        if learned.state == "out of date":
            return f"{text} The corrections or the phases have changed since: learn again."
        with_it = found is not None and found.entry is not None
        if with_it and learned.entry.id in found.entry.inputs.values():
            return f"{text} The particles were found with it."
        return f"{text} Find particles again to use it."

"""Several trainings from lists of settings, to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from operando.errors import OperandoError
from operando.ui.forms.fields import TextField
from operando.ui.panels.panel import text_label
from operando.ui.segment.train_form import labelled_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sized


class TrySeveral(QWidget):
    """A line for the values to try, and how many trainings they make.

    Parameters
    ----------
    expand
        Makes the trainings of the text as it is.
    parent
        Owner.

    Attributes
    ----------
    text : TextField
    note : QLabel
        Hidden while one training is made.
    """

    counted = Signal(int)
    """So many trainings are made now; 1 while the text cannot be read."""

    def __init__(self, expand: Callable[[], Sized], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._expand = expand
        self._is_asked = False
        self.text = TextField()
        self.text.setPlaceholderText("width 8, 16; seed 0, 1, 2")
        self.text.setToolTip(
            "Values between commas, settings between semicolons: every combination is trained, one "
            "after the other, and kept under a name of its own to be compared"
        )
        self.note = text_label()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(labelled_row("Try several", self.text))
        column.addWidget(self.note)
        self.text.valueChanged.connect(self.refresh)

    def ask(self, asked: bool) -> None:
        """Show the line; one that holds values stays to be seen."""
        self._is_asked = asked
        self.refresh()

    def refresh(self) -> None:
        """Say how many trainings the values make."""
        self.setVisible(self._is_asked or bool(self.text.text().strip()))
        try:
            n = len(self._expand())
            note = f"{n} trainings, one after the other" if n > 1 else ""
        except OperandoError as error:
            n, note = 1, f"⚠ {error}"
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.counted.emit(n)

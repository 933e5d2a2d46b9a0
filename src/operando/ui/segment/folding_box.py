"""A part of a panel that folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from operando.ui.dock.accordion import reveal

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

_COLUMNS = 2


class FoldingBox(QWidget):
    """A line that folds: below it buttons, two in a row, and what they brought to light.

    Parameters
    ----------
    title
        What the line says.
    parent
        Owner.

    Attributes
    ----------
    header : QToolButton
        Folds and unfolds.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.header = QToolButton()
        self.header.setText(title)
        self.header.setCheckable(True)
        self.header.setAutoRaise(True)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._body = QWidget()
        self._buttons = QGridLayout()
        self._buttons.setSpacing(6)
        for column in range(_COLUMNS):
            self._buttons.setColumnStretch(column, 1)
        self._inner = QVBoxLayout(self._body)
        self._inner.setContentsMargins(0, 0, 0, 0)
        self._inner.addLayout(self._buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.header)
        column.addWidget(self._body)
        self.header.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def add_button(self, button: QPushButton) -> None:
        """Put a button behind the last one."""
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._buttons.addWidget(button, *divmod(self._buttons.count(), _COLUMNS))

    def add(self, widget: QWidget) -> None:
        """Put a widget below the buttons and what is there."""
        self._inner.addWidget(widget)

    def _on_toggled(self, unfolded: bool) -> None:
        self._body.setVisible(unfolded)
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.header.setArrowType(arrow)
        if unfolded:
            reveal(self)

"""One line of the accordion, which opens its panel in place."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from qtpy.QtCore import QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFontMetrics, QPainter
from qtpy.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QPaintEvent

_HEIGHT = 30
_GLYPH_WIDTH = 24
_MARGIN = 6
_DARKER = 200
"""Percent; marks then stand out from the light theme as 4.5 to 1 or more."""


class Mark(Enum):
    """What the sign before a section's title says, and its colour; None takes that of the text."""

    NOT_YET = ("○", None)
    RUNNING = ("●", "#e69f00")
    DONE = ("✓", "#5fd08f")
    OUT_OF_DATE = ("↻", "#e69f00")
    FAILED = ("✕", "#ff6b57")


class SectionHeader(QAbstractButton):
    """Sign, title and, on the right, the result in a few words.

    Parameters
    ----------
    title
        What the section is called.
    parent
        Owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.mark = Mark.NOT_YET
        self.summary = ""

    def set_state(self, mark: Mark, summary: str) -> None:
        """Show another sign and result."""
        if (mark, summary) == (self.mark, self.summary):
            return
        self.mark, self.summary = mark, summary
        self.setToolTip(summary)
        self.setAccessibleDescription(summary)
        self.update()

    def sizeHint(self) -> QSize:
        """Return one line's height."""
        return QSize(200, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Shrink as far as need be; the result is elided."""
        return QSize(160, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line in the colours of the theme."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(self.foregroundRole())
        if self.underMouse() or self.hasFocus() or self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_faded(text, 0.08 if self.isChecked() else 0.05))
            painter.drawRoundedRect(self.rect().adjusted(0, 1, 0, -1), 3, 3)
        self._draw_texts(painter, text)
        painter.end()

    def _draw_texts(self, painter: QPainter, text: QColor) -> None:
        area = self.rect().adjusted(_MARGIN, 0, -_MARGIN, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        glyph, colour = self.mark.value
        painter.setPen(readable(QColor(colour), text) if colour else _faded(text, 0.6))
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, glyph)
        bold = self.font()
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(text)
        title = QRect(area)
        title.setLeft(area.left() + _GLYPH_WIDTH)
        painter.drawText(title, middle | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.setFont(self.font())
        painter.setPen(_faded(text, 0.75))
        rest = QRect(title)
        rest.setLeft(title.left() + QFontMetrics(bold).horizontalAdvance(self.text()) + 14)
        elided = self.fontMetrics().elidedText(
            self.summary, Qt.TextElideMode.ElideRight, rest.width()
        )
        painter.drawText(rest, middle | Qt.AlignmentFlag.AlignRight, elided)


class Section(QWidget):
    """A header and the panel that it opens.

    Parameters
    ----------
    title
        What it is called.
    panel
        What it opens; owned by the section from now on.
    parent
        Owner.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, panel: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.header = SectionHeader(title)
        self.panel = panel
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(_MARGIN + _GLYPH_WIDTH, 4, _MARGIN, 12)
        inner.addWidget(panel)
        self._body = body
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(body)
        body.hide()
        self.header.toggled.connect(self._on_toggled)

    @property
    def is_open(self) -> bool:
        """Whether the panel is seen."""
        return self.header.isChecked()

    def set_open(self, opened: bool) -> None:
        """Show or hide the panel."""
        self.header.setChecked(opened)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        self.header.update()

    def _on_toggled(self, opened: bool) -> None:
        self._body.setVisible(opened)
        self.toggled.emit(opened)


def readable(colour: QColor, text: QColor) -> QColor:
    """Darken a colour where the text is dark, for the background is light there."""
    return colour.darker(_DARKER) if text.lightness() < 128 else colour


def _faded(colour: QColor, strength: float) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(strength)
    return faded

"""Sections below each other, one of which is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from operando.ui.dock.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterable


class Accordion(QScrollArea):
    """Shows sections from top to bottom; opening one closes the others.

    Parameters
    ----------
    sections
        Owned by the accordion from now on.
    parent
        Owner.
    """

    def __init__(self, sections: Iterable[Section], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sections = tuple(sections)
        self._wanted: QWidget | None = None
        content = QWidget()
        content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(1)
        for section in self.sections:
            section.toggled.connect(self._on_toggled)
            column.addWidget(section)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)

    def open(self, title: str) -> None:
        """Open one section and close the others."""
        for section in self.sections:
            section.set_open(section.header.text() == title)

    def _on_toggled(self, opened: bool) -> None:
        sender = self.sender()
        if not opened or not isinstance(sender, Section):
            return
        for section in self.sections:
            if section is not sender:
                section.set_open(False)
        self.reveal(sender)

    def reveal(self, part: QWidget) -> None:
        """Scroll as little as shows a part to its end, and its beginning in any case."""
        self._wanted = part
        QTimer.singleShot(0, self._show_wanted)  # once it has its place

    def _show_wanted(self) -> None:
        part, self._wanted = self._wanted, None
        if part is not None and part.isVisible():
            top = part.mapTo(self.widget(), QPoint(0, 0)).y()
            bar, height = self.verticalScrollBar(), self.viewport().height()
            bar.setValue(max(bar.value(), top + part.height() - height))
            bar.setValue(min(bar.value(), top))


def reveal(part: QWidget) -> None:
    """Scroll a part of a panel into view, where it is in an accordion."""
    parent = part.parentWidget()
    while parent is not None and not isinstance(parent, Accordion):
        parent = parent.parentWidget()
    if parent is not None:
        parent.reveal(part)

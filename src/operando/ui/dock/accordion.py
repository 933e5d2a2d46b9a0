"""Sections below each other, one of which is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
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
        QTimer.singleShot(0, self._show_open_section)

    def _show_open_section(self) -> None:
        """Scroll as little as shows the whole section, and its line in any case."""
        bar, height = self.verticalScrollBar(), self.viewport().height()
        for section in self.sections:
            if section.is_open:
                bar.setValue(max(bar.value(), section.y() + section.height() - height))
                bar.setValue(min(bar.value(), section.y()))

"""The list of classes, wired to what is painted with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from operando.data import LabelClass
from operando.data.classes import next_colour
from operando.errors import OperandoError
from operando.ui.strokes.class_list import ClassList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget

    from operando.ui.strokes.painter import StrokePainter


class ClassEditor(ClassList):
    """Chooses, adds, renames, recolours and removes the classes of a painter.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    add : QPushButton
        Adds a class; the owner places it.
    """

    edited = Signal(object)
    """Classes were edited, or could not be; carries the error, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._painter: StrokePainter | None = None
        self._editable = True
        self.add = QPushButton("Add class")
        self.add.clicked.connect(self._on_add)
        self.chosen.connect(self._on_chosen)
        self.renamed.connect(self._on_renamed)
        self.recoloured.connect(self._on_recoloured)
        self.removed.connect(self._on_removed)

    def set_painter(self, painter: StrokePainter | None, *, editable: bool = True) -> None:
        """Choose among the classes of another painter, or of none; edit them if that is wanted."""
        self._editable = editable
        if self._painter is not None:
            self._painter.chosen.disconnect(self.set_chosen)
        if painter is not None:
            painter.chosen.connect(self.set_chosen)
        self._painter = painter

    def refresh(self) -> None:
        """Show the classes as they are now, with their painted voxels."""
        if self._painter is not None:
            self.set_classes(self._painter.strokes.classes, self._painter.counts.voxels)
            self.set_chosen(self._painter.label)
        self.add.setEnabled(self._editable)
        for row in self.rows:
            row.set_editable(self._editable)

    def _on_chosen(self, label: int) -> None:
        if self._painter is not None:
            self._painter.choose(label)
            self.set_chosen(self._painter.label)

    def _on_renamed(self, label: int, name: str) -> None:
        if self._painter is not None and name != self._painter.strokes.classes[label - 1].name:
            self._change(label, name=name)

    def _on_recoloured(self, label: int, colour: str) -> None:
        self._change(label, colour=colour)

    def _change(self, label: int, **changes: str) -> None:
        if self._painter is not None:
            classes = list(self._painter.strokes.classes)
            try:
                classes[label - 1] = replace(classes[label - 1], **changes)
            except OperandoError as error:
                self.edited.emit(error)
                return
            self._edit(classes)

    def _on_add(self) -> None:
        if self._painter is not None:
            classes = self._painter.strokes.classes
            new = LabelClass(f"class {len(classes) + 1}", next_colour(classes))
            if self._edit([*classes, new]):
                self._on_chosen(len(classes) + 1)
                self.rows[-1].name.selectAll()
                self.rows[-1].name.setFocus()

    def _on_removed(self, label: int) -> None:
        if self._painter is not None:
            classes = list(self._painter.strokes.classes)
            del classes[label - 1]
            self._edit(classes)

    def _edit(self, classes: Sequence[LabelClass]) -> bool:
        if self._painter is None:
            return False
        try:
            self._painter.set_classes(classes)
        except OperandoError as error:
            self.edited.emit(error)
            return False
        self.refresh()
        self.edited.emit(None)
        return True

"""The list of classes: colour, name and painted voxels; a click chooses the one to paint with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QToolButton,
    QWidget,
)

from operando.ui.strokes.painter import UNUSED
from operando.ui.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qtpy.QtCore import QEvent

    from operando.data import LabelClass

_SWATCH = 16
_PAINTED = (
    "To remove it, erase its strokes and those of the classes below it first.\n"
    f"If the images show none of it, it may also be called “{UNUSED}”: no voxel is given it then."
)


class ClassRow(QWidget):
    """Widgets of one class; laid out by the list so that columns line up.

    Parameters
    ----------
    label
        Its label, from 1.
    parent
        The list.
    """

    chosen = Signal(int)
    renamed = Signal(int, str)
    recoloured = Signal(int, str)
    removed = Signal(int)

    def __init__(self, label: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hide()
        self.label = label
        self._name, self._colour = "", "#000000"
        self.radio = QRadioButton(str(label) if label <= 9 else "")
        self.radio.setToolTip(f"Paint with this class (key {label})" if label <= 9 else "Paint")
        self.radio.setAutoExclusive(False)
        self.swatch = QToolButton()
        self.swatch.setIconSize(QSize(_SWATCH, _SWATCH))
        self.swatch.setToolTip("Choose another colour")
        self.name = QLineEdit()
        self.name.setToolTip("Name of the class")
        self.voxels = QLabel()
        self.voxels.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.radio.clicked.connect(self._on_chosen)
        self.swatch.clicked.connect(self._on_swatch)
        self.name.editingFinished.connect(self._on_renamed)
        self.name.installEventFilter(self)
        self.remove.clicked.connect(self._on_removed)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """From left to right."""
        return self.radio, self.swatch, self.name, self.voxels, self.remove

    def show_class(self, label_class: LabelClass, voxels: int) -> None:
        """Show name, colour and painted voxels."""
        self._colour = label_class.colour
        if label_class.name != self._name or not self.name.hasFocus():
            self._name = label_class.name
            self.name.setText(self._name)
        pixmap = QPixmap(_SWATCH, _SWATCH)
        pixmap.fill(QColor(label_class.colour))
        icon = QIcon(pixmap)
        icon.addPixmap(pixmap, QIcon.Mode.Disabled)  # else Qt makes it grey
        self.swatch.setIcon(icon)
        self.voxels.setText(count(voxels, "voxel") if voxels else "none yet")

    def set_removable(self, removable: bool) -> None:
        """Let the class be removed, or say what stands against it."""
        self.remove.setEnabled(removable)
        self.remove.setToolTip("Remove this class" if removable else _PAINTED)

    def set_editable(self, editable: bool) -> None:
        """Let the class be edited, or only chosen."""
        self.swatch.setEnabled(editable)
        self.name.setEnabled(editable)
        self.remove.setEnabled(editable and self.remove.isEnabled())

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:
        """Choose the class whose name is clicked."""
        if watched is self.name and event.type() == event.Type.FocusIn:
            self._on_chosen()
        return super().eventFilter(watched, event)

    def _on_chosen(self) -> None:
        self.chosen.emit(self.label)

    def _on_renamed(self) -> None:
        self.renamed.emit(self.label, self.name.text().strip())

    def _on_removed(self) -> None:
        self.removed.emit(self.label)

    def _on_swatch(self) -> None:
        colour = QColorDialog.getColor(QColor(self._colour), self, "Colour of the class")
        if colour.isValid():
            self.recoloured.emit(self.label, colour.name())


class ClassList(QWidget):
    """All classes, one below the other.

    Parameters
    ----------
    parent
        Owner.
    """

    chosen = Signal(int)
    renamed = Signal(int, str)
    recoloured = Signal(int, str)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassRow] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)

    def set_classes(self, classes: Sequence[LabelClass], voxels: Mapping[int, int]) -> None:
        """Show classes with their painted voxels."""
        while len(self.rows) > len(classes):
            self._drop(self.rows.pop())
        while len(self.rows) < len(classes):
            self._append(len(self.rows) + 1)
        for row, label_class in zip(self.rows, classes, strict=True):
            row.show_class(label_class, voxels.get(row.label, 0))
            row.remove.setVisible(len(classes) > 2)
            # Labels are places in the list: what is painted must not move to another class.
            row.set_removable(row.label > max(voxels, default=0))

    def set_chosen(self, label: int) -> None:
        """Mark the class that is painted with; 0 marks none."""
        for row in self.rows:
            row.radio.setChecked(row.label == label)

    def _append(self, label: int) -> None:
        row = ClassRow(label, self)
        for column, widget in enumerate(row.widgets):
            self._grid.addWidget(widget, len(self.rows), column)
        row.chosen.connect(self.chosen)
        row.renamed.connect(self.renamed)
        row.recoloured.connect(self.recoloured)
        row.removed.connect(self.removed)
        self.rows.append(row)

    def _drop(self, row: ClassRow) -> None:
        row.blockSignals(True)  # a name that is being typed ends with its editor
        for widget in row.widgets:
            self._grid.removeWidget(widget)
            widget.setParent(None)
            widget.deleteLater()
        row.deleteLater()

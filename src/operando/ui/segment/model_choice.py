"""Which model segments, and the way in for models from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from operando.ui.forms.fields import ChoiceField
from operando.ui.forms.form import LABEL_WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

_NONE_YET = "no model yet"


class ModelChoice(QWidget):
    """A row with the models of a study, and a button that brings in another one.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    choice : ChoiceField
    bring_in : QPushButton
    """

    brought = Signal(object)
    """A package or folder was chosen; carries its path."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._in_use: str | None = None
        self.choice = ChoiceField()
        self.choice.setMinimumContentsLength(4)
        self.choice.setToolTip("Model of this study that Segment uses")
        self.bring_in = QPushButton("Bring in…")
        self.bring_in.setToolTip("Take over a model that was trained in another study")
        menu = QMenu(self.bring_in)
        menu.addAction("A package (zip), as the model card saves it…", self._choose_package)
        menu.addAction("A model's folder in another study…", self._choose_folder)
        self.bring_in.setMenu(menu)
        label = QLabel("Segment with")
        label.setMinimumWidth(LABEL_WIDTH)
        label.setToolTip(self.choice.toolTip())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.choice, 1)
        row.addWidget(self.bring_in)

    def set_models(self, models: Sequence[str], in_use: str | None) -> None:
        """Offer the models there are; the one in use is chosen when that changes."""
        self.choice.set_choices([(name, name) for name in models] or [(None, _NONE_YET)])
        self.choice.setEnabled(bool(models))
        if in_use is not None and in_use != self._in_use:
            self.choice.setValue(in_use)
        self._in_use = in_use

    def value(self) -> str | None:
        """Return the name of the chosen model; None while there is none."""
        name: str | None = self.choice.value()
        return name

    def setValue(self, name: str) -> None:
        """Choose a model."""
        self.choice.setValue(name)

    def _choose_package(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Bring in a model", "", "bioimage.io package (*.zip)"
        )
        if path:
            self.brought.emit(Path(path))

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Bring in a model (a folder in models/)")
        if path:
            self.brought.emit(Path(path))

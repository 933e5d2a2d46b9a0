"""The button that writes what is shown to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from operando.errors import OperandoError
from operando.ui.panels.panel import text_label
from operando.ui.strain.export import EXPORT_FILTER, export_strain

if TYPE_CHECKING:
    from operando.ui.layers.study_results import StudyStrain


class StrainExport(QWidget):
    """Asks for a file, writes it, and says so.

    Parameters
    ----------
    strain
        What is shown.
    parent
        Owner.
    """

    def __init__(self, strain: StudyStrain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strain = strain
        self.button = QPushButton("Export field or figure…")
        self.button.setToolTip(
            "Write this field for ParaView, SPAM, tables or numpy, or the shown slice as a figure"
        )
        self.message = text_label()
        self.message.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.message)
        self.button.clicked.connect(self._on_export)

    def _on_export(self) -> None:
        pair = self._strain.pair or (0, 0)
        name, _ = QFileDialog.getSaveFileName(
            self, "Export strain", f"strain-{pair[0]:03d}-{pair[1]:03d}.vti", EXPORT_FILTER
        )
        if not name:
            return
        try:
            path = export_strain(self._strain, Path(name))
        except OperandoError as error:
            self.message.setText(str(error))
        else:
            self.message.setText(f"Wrote {path.name}")
        self.message.show()

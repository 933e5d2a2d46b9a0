"""A table of numbers in a window of its own, to look at, to copy and to save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from operando.errors import OperandoError
from operando.ui.panels.panel import text_label
from operando.ui.table_file import write_table

if TYPE_CHECKING:
    import pandas as pd

_SIZE = (760, 420)
_LONG, _HUGE = 1e4, 1e9


class TableModel(QAbstractTableModel):
    """Cells of a pandas table; counts in full, other numbers with four digits that count."""

    def __init__(self, table: pd.DataFrame, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Rows of the table."""
        return 0 if parent is not None and parent.isValid() else len(self._table)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Columns of the table."""
        return 0 if parent is not None and parent.isValid() else len(self._table.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell; numbers stand on the right."""
        value = self._table.iat[index.row(), index.column()]
        is_number = not isinstance(value, str)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(value) if is_number else value
        if role == Qt.ItemDataRole.TextAlignmentRole and is_number:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Names of the columns; rows have none."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return str(self._table.columns[section])
        return None


def _text(value: float) -> str:
    """Write a number: digits before the point are not given up."""
    is_whole = float(value).is_integer() or abs(value) >= _LONG
    return f"{value:.0f}" if is_whole and abs(value) < _HUGE else f"{value:.4g}"


class TableButtons(QWidget):
    """Buttons that copy and save a table as CSV, and say what went wrong.

    Parameters
    ----------
    name
        Proposed for the file.
    parent
        Owner.

    Attributes
    ----------
    table : pandas.DataFrame or None
        What is copied and saved.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table: pd.DataFrame | None = None
        self.name = name
        self.copy = QPushButton("Copy as CSV")
        self.save = QPushButton("Save CSV…")
        self.message = text_label()
        self.message.hide()
        row = QHBoxLayout()
        row.addWidget(self.copy)
        row.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.message)
        self.copy.clicked.connect(self._on_copy)
        self.save.clicked.connect(self._on_save)

    def _on_copy(self) -> None:
        if self.table is not None:
            QApplication.clipboard().setText(self.table.to_csv(index=False))
            self._say(f"Copied {len(self.table)} rows")

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save table", self.name, "Table (*.csv)")
        if not name or self.table is None:
            return
        try:
            write_table(self.table, Path(name))
        except OperandoError as error:
            self._say(str(error))
        else:
            self._say(f"Wrote {Path(name).name}")

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.show()


class TableDialog(QDialog):
    """Shows a table.

    Parameters
    ----------
    title
        What the numbers are, with unit.
    table
        What is shown.
    name
        Proposed for the file.
    parent
        Owner.
    """

    def __init__(
        self, title: str, table: pd.DataFrame, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view = QTableView()
        self.view.setModel(TableModel(table, self))
        self.view.verticalHeader().hide()
        self.view.resizeColumnsToContents()
        self.buttons = TableButtons(name)
        self.buttons.table = table
        layout = QVBoxLayout(self)
        layout.addWidget(text_label(title))
        layout.addWidget(self.view, 1)
        layout.addWidget(self.buttons)
        self.resize(*_SIZE)

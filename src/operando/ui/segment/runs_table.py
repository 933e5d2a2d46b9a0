"""The table of training runs: one row each, sortable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from operando.ui.segment.frozen_column import FrozenColumn
from operando.ui.segment.run_columns import run_column, run_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from qtpy.QtWidgets import QWidget

_SWATCH = 10
_ROW_HEIGHT = 22


class RunsTable(QTableWidget):
    """Shows the table of `operando.steps.training_runs`; several rows can be selected.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    names : FrozenColumn
        The names of the runs, which are not scrolled away.
    """

    chosen = Signal()
    """Other rows were selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSortingEnabled(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.itemSelectionChanged.connect(self.chosen)
        self.names = FrozenColumn(self)

    def set_runs(self, runs: pd.DataFrame, colours: Mapping[str, str], in_use: str | None) -> None:
        """Show other runs; what was selected and sorted stays so.

        Parameters
        ----------
        runs
            As `operando.steps.training_runs` gives them.
        colours
            Of their curves, by name.
        in_use
            Run that is written in bold.
        """
        selected, header = self.selected(), self.horizontalHeader()
        order = header.sortIndicatorSection(), header.sortIndicatorOrder()
        self.blockSignals(True)
        self.setSortingEnabled(False)
        self.clear()
        self.setRowCount(len(runs))
        self.setColumnCount(len(runs.columns))
        reference = runs.attrs.get("reference", {})
        for j, name in enumerate(runs.columns):
            column = run_column(name)
            title = QTableWidgetItem(column.header)
            known = f"; reference: {run_text(column, reference[name])}" if name in reference else ""
            title.setToolTip(column.description + known)
            self.setHorizontalHeaderItem(j, title)
            for i, value in enumerate(runs[name]):
                self.setItem(i, j, _Cell(run_text(column, value), value))
        for i, name in enumerate(runs["run"] if len(runs) else ()):
            self._name_row(i, name, colours[name], in_use=name == in_use)
        self.setSortingEnabled(True)
        if order[0] < self.columnCount():
            header.setSortIndicator(*order)
        self.names.fit()
        self.select(selected)
        self.blockSignals(False)
        self.chosen.emit()

    def selected(self) -> list[str]:
        """Names of the selected runs, from top to bottom."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        return [self.item(row, 0).text() for row in rows]

    def select(self, names: list[str]) -> None:
        """Select runs by name."""
        self.clearSelection()
        mode = self.selectionMode()
        self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row in range(self.rowCount()):
            if self.item(row, 0).text() in names:
                self.selectRow(row)
        self.setSelectionMode(mode)

    def _name_row(self, row: int, name: str, colour: str, *, in_use: bool) -> None:
        item = self.item(row, 0)
        swatch = QPixmap(_SWATCH, _SWATCH)
        swatch.fill(QColor(colour))
        item.setData(Qt.ItemDataRole.DecorationRole, swatch)
        if in_use:
            bold = item.font()
            bold.setBold(True)
            item.setFont(bold)
            item.setToolTip(f"{name}: in use")


class _Cell(QTableWidgetItem):
    """Sorts by value, not by text; what is missing comes first."""

    def __init__(self, text: str, value: Any) -> None:
        super().__init__(text)
        number = isinstance(value, int | float | np.number)
        self._key = (number and value == value, value if number else str(value))
        side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
        self.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if not isinstance(other, _Cell):
            return super().__lt__(other)
        if self._key[0] != other._key[0]:
            return self._key[0] < other._key[0]
        if type(self._key[1]) is str or type(other._key[1]) is str:
            return str(self._key[1]) < str(other._key[1])
        return bool(self._key[1] < other._key[1])

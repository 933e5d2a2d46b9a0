"""The particles of a study as a Qt table model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from operando.data import MOTION_COLUMNS, PARTICLE_COLUMNS, Column
from operando.ui.particles.filter import matching_rows

if TYPE_CHECKING:
    import pandas as pd
    from qtpy.QtCore import QObject

_KNOWN = {column.name: column for column in (*PARTICLE_COLUMNS, *MOTION_COLUMNS)}
_NOTHING = QModelIndex()
_LONG = 10_000


class ParticleModel(QAbstractTableModel):
    """Rows of one frame, or of all, narrowed by a filter and sorted.

    Sorting and filtering rearrange an array of row numbers, which stays quick where a
    `QSortFilterProxyModel` calls Python for every comparison.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    columns : tuple of Column
        What the table holds, in its order.
    frame : int or None
        Frame whose rows are shown; None shows all.
    text : str
        Filter, as `operando.ui.particles.filter.matching_rows` reads it.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[Column, ...] = ()
        self.frame: int | None = None
        self.text = ""
        self._table: pd.DataFrame | None = None
        self._values: list[np.ndarray] = []
        self._shown = np.empty(0, int)
        self._sort: tuple[int, Qt.SortOrder] | None = None

    @property
    def table(self) -> pd.DataFrame | None:
        """All rows, as given."""
        return self._table

    def set_table(self, table: pd.DataFrame | None) -> None:
        """Show another table; keeps frame, filter and, where the columns stay, the order."""
        self.beginResetModel()
        names = [] if table is None else [str(name) for name in table.columns]
        columns = tuple(_KNOWN.get(name, Column(name, name, "", "")) for name in names)
        if columns != self.columns:
            self._sort, self.text = None, ""
        self.columns, self._table = columns, table
        self._values = [] if table is None else [table[name].to_numpy() for name in names]
        self._arrange()
        self.endResetModel()

    def narrow(self, frame: int | None, text: str) -> None:
        """Show the rows of one frame (None: of all) that a filter text asks for.

        Raises
        ------
        InputError
            If the text cannot be read; the rows then stay as they are.
        """
        if self._table is not None and text:
            matching_rows(text, self._table.iloc[:0], self.columns)
        self.beginResetModel()
        self.frame, self.text = frame, text
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; missing values come last; -1 restores the table's order."""
        self.beginResetModel()
        self._sort = (column, order) if column >= 0 else None
        self._arrange()
        self.endResetModel()

    def particle_at(self, row: int) -> tuple[int, int]:
        """Frame and id of a shown row."""
        source = self._shown[row]
        return int(self._column("frame")[source]), int(self._column("particle")[source])

    def row_of(self, particle: int, frame: int) -> int:
        """Shown row of a particle in a frame; -1 if it is not shown."""
        if self._table is None:
            return -1
        here = (self._column("particle")[self._shown] == particle) & (
            self._column("frame")[self._shown] == frame
        )
        rows = np.flatnonzero(here)
        return int(rows[0]) if rows.size else -1

    def shown_table(self) -> pd.DataFrame | None:
        """Return the shown rows, in the shown order."""
        return None if self._table is None else self._table.iloc[self._shown]

    def rowCount(self, parent: QModelIndex = _NOTHING) -> int:
        """Return the number of shown rows."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex = _NOTHING) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and alignment of a cell."""
        if role == Qt.ItemDataRole.DisplayRole:
            value = self._values[index.column()][self._shown[index.row()]]
            return cell_text(value, self.columns[index.column()].decimals)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Title with unit, and the definition as a tooltip."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].header
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].description or None
        return None

    def _column(self, name: str) -> np.ndarray:
        return self._values[[column.name for column in self.columns].index(name)]

    def _arrange(self) -> None:
        if self._table is None:
            self._shown = np.empty(0, int)
            return
        keep = matching_rows(self.text, self._table, self.columns)
        if self.frame is not None:
            keep &= self._column("frame") == self.frame
        self._shown = np.flatnonzero(keep)
        if self._sort is not None:
            column, order = self._sort
            values = self._table[self.columns[column].name].iloc[self._shown]
            ascending = order == Qt.SortOrder.AscendingOrder
            ranks = values.rank(ascending=ascending, na_option="bottom", method="first")
            self._shown = self._shown[np.argsort(ranks.to_numpy(), kind="stable")]


def cell_text(value: Any, decimals: int) -> str:
    """Write a value as a table shows it: a dash where it is missing, yes or no for a truth.

    Numbers of five and more digits have no decimals.
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        shown = decimals if abs(value) < _LONG else 0
        return "–" if np.isnan(value) else f"{value:z.{shown}f}"
    return "–" if value is None else str(value)

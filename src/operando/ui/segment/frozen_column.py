"""The first column of a table, which stays in sight when the others are scrolled away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFrame, QHeaderView, QTableView

if TYPE_CHECKING:
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QTableWidget


class FrozenColumn(QTableView):
    """Lies over the first column of a table and shows the same; selection is shared.

    Parameters
    ----------
    table
        What it belongs to. Its rows are of one height.
    """

    def __init__(self, table: QTableWidget) -> None:
        super().__init__(table)
        self._table = table
        self.setModel(table.model())
        self.setSelectionModel(table.selectionModel())
        self.setSelectionBehavior(table.selectionBehavior())
        self.setSelectionMode(table.selectionMode())
        self.setEditTriggers(table.editTriggers())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWordWrap(False)
        for turn_off in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            turn_off(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(table.verticalScrollMode())
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(table.verticalHeader().defaultSectionSize())
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._on_header)
        table.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.verticalScrollBar().valueChanged.connect(table.verticalScrollBar().setValue)
        table.horizontalHeader().geometriesChanged.connect(self.fit)
        table.horizontalHeader().sectionResized.connect(self.fit)
        table.viewport().installEventFilter(self)
        self.fit()

    def fit(self) -> None:
        """Cover the first column, whatever its width is now."""
        table, frame = self._table, self._table.frameWidth()
        for column in range(1, table.columnCount()):
            self.setColumnHidden(column, True)
        self.setVisible(table.columnCount() > 0)
        width, header = table.columnWidth(0), table.horizontalHeader().height()
        self.setColumnWidth(0, width)
        self.horizontalHeader().setFixedHeight(max(header, 1))
        self.setGeometry(frame, frame, width, header + table.viewport().height())
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the table."""
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)

    def _on_header(self, column: int) -> None:
        """Sort by the column; once more, the other way round."""
        header = self._table.horizontalHeader()
        downwards = (
            header.sortIndicatorSection() == column
            and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        )
        order = Qt.SortOrder.DescendingOrder if downwards else Qt.SortOrder.AscendingOrder
        self._table.sortByColumn(column, order)

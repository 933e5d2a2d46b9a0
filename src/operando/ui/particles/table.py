"""The particles dock: table and plot, linked both ways with the canvas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from operando.errors import OperandoError
from operando.ui import navigation
from operando.ui.dock.widgets import DockContent
from operando.ui.forms.fields import ChoiceField, show_value
from operando.ui.particles.columns import ColumnsButton
from operando.ui.particles.gallery import ParticleGallery
from operando.ui.particles.model import ParticleModel
from operando.ui.particles.plot import ParticlePlot
from operando.ui.table_file import write_table

if TYPE_CHECKING:
    import pandas as pd

    from operando.ui.particles.view import ParticleView

_NOT_A_COLOUR = ("frame", "time_h", "particle")
_FILTER_DELAY_MS = 150
_ROWS_TO_FIT = 20
_LEAST_FILTER = 100
_OTHER_SCALE = (
    "The voxel size was changed: these values are of the old one. Find the particles again."
)


class ParticleTable(DockContent):
    """Rows of the current frame or of all; a row selects its particle in the canvas.

    Parameters
    ----------
    view
        The particles in the canvas.
    parent
        Owner.
    """

    def __init__(self, view: ParticleView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._n_frames = 1
        self._following = False
        self._followed = -1
        self.model = ParticleModel(self)
        self._make_controls()
        self._make_table()
        self.plot = ParticlePlot()
        self.gallery = ParticleGallery()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.table, "Table")
        self.tabs.addTab(self.plot, "Plot")
        self.tabs.addTab(self.gallery, "Gallery")
        self.count = QLabel()
        self.status = QLabel()
        self.status.setWordWrap(True)
        self._lay_out()
        self._connect()
        self.set_table(None, 1)

    def set_table(self, table: pd.DataFrame | None, n_frames: int) -> None:
        """Show another table, or none.

        Parameters
        ----------
        table
            Tidy, with the columns ``frame`` and ``particle``.
        n_frames
            Of the series.
        """
        before = self.model.columns
        self._n_frames = n_frames
        self.model.frame = self._frame_to_show()
        self.model.set_table(table)
        self.setEnabled(table is not None)
        if self.model.columns != before:
            self._offer_columns()
        self.plot.set_table(table, self.model.columns)
        self.gallery.set_table(table, self.model.columns, n_frames)
        if self.colour.value() is not None:
            self._on_colour()
        self.refresh()

    def refresh(self) -> None:
        """Show the current frame and what the filter asks for."""
        try:
            self.model.narrow(self._frame_to_show(), self.filter.text())
            problem = ""
        except OperandoError as error:
            problem = str(error)
        self._show_columns()
        self._say_what_is_shown(problem)
        shown = self.model.shown_table()
        self.plot.set_shown(shown, self._view.particle, self._frame())
        self.gallery.set_shown(shown, self._view.particle, self._frame())

    def unlink(self) -> None:
        """Let go of viewer and canvas, before this widget goes."""
        self._view.viewer.dims.events.current_step.disconnect(self._on_step)
        self._view.selected.disconnect(self._on_selected)

    def export(self, path: Path, *, everything: bool) -> None:
        """Write the shown rows, or all, as CSV or Parquet by the file's suffix."""
        table = self.model.table if everything else self.model.shown_table()
        if table is not None:
            write_table(table, path)
            self._say(f"{len(table)} rows written to {path.name}")

    def _make_controls(self) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter: id, or volume > 5 and crack < 0.1")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip(
            "Part of an id, or comparisons with a column, joined by 'and':\n"
            "volume > 5 and on edge = no"
        )
        self.all_frames = QCheckBox("all frames")
        self.all_frames.setToolTip("Show the rows of all frames")
        self.colour = ChoiceField()
        self.colour.setMinimumContentsLength(12)
        self.colour.setToolTip("What the colours of the particles in the canvas mean")
        self.columns = ColumnsButton()
        self.save = QPushButton("Export")
        self.save.setToolTip("Write the table as CSV or Parquet")
        self.save.setMenu(QMenu(self.save))
        self.save.menu().addAction("Shown rows…", self._export_shown)
        self.save.menu().addAction("All rows…", self._export_all)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_FILTER_DELAY_MS)

    def _make_table(self) -> None:
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.horizontalHeader().setResizeContentsPrecision(_ROWS_TO_FIT)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def _lay_out(self) -> None:
        first, corner = QHBoxLayout(), QWidget()
        self.filter.setMinimumWidth(_LEAST_FILTER)
        first.addWidget(self.filter, 1)
        first.addWidget(self.count)
        for widget in (self.all_frames, self.columns, self.save):
            first.addWidget(widget)
        buttons = QHBoxLayout(corner)
        buttons.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel("Colour"), self.colour):
            buttons.addWidget(widget)
        self.tabs.setCornerWidget(corner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 2)
        layout.setSpacing(4)
        layout.addLayout(first)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._delay.start)
        self._delay.timeout.connect(self.refresh)
        self.all_frames.toggled.connect(self.refresh)
        self.colour.currentIndexChanged.connect(self._on_colour)
        self.columns.changed.connect(self._show_columns)
        self.model.modelReset.connect(self._on_reset)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.table.clicked.connect(self._on_row)
        self._view.viewer.dims.events.current_step.connect(self._on_step)
        self._view.selected.connect(self._on_selected)
        self.plot.picked.connect(self._on_picked)
        self.gallery.picked.connect(self._on_picked)

    def _offer_columns(self) -> None:
        """List the columns in the menus, and show those that are wanted most."""
        table = self.model.table
        empty = [] if table is None else table.columns[table.isna().all()]
        self.columns.offer(self.model.columns, set(empty))
        self._show_columns()
        offered = [(c, c.header) for c in self.model.columns if c.name not in _NOT_A_COLOUR]
        self.colour.set_choices([(None, "id"), *offered])
        if self._view.column in self.model.columns:
            show_value(self.colour, self._view.column)
        for number in range(len(self.model.columns)):
            self.table.resizeColumnToContents(number)

    def _frame(self) -> int:
        return navigation.current_frame(self._view.viewer, self._n_frames)

    def _frame_to_show(self) -> int | None:
        return None if self.all_frames.isChecked() else self._frame()

    def _show_columns(self) -> None:
        """Show the chosen columns, and that of the frame where rows are of several."""
        for number, column in enumerate(self.model.columns):
            several = column.name == "frame" and self.all_frames.isChecked()
            hidden = not (several or self.columns.chosen(column.name))
            if hidden == self.table.isColumnHidden(number):
                continue
            self.table.setColumnHidden(number, hidden)
            if not hidden:
                self.table.resizeColumnToContents(number)  # Qt measures no hidden ones

    def _follow(self, particle: int) -> None:
        """Bring the row of a particle into view and select it."""
        self._followed = self._frame()
        row = self.model.row_of(particle, self._followed)
        self._following = True
        if row < 0:
            self.table.selectionModel().clear()
        else:
            first = next(
                n for n in range(len(self.model.columns)) if not self.table.isColumnHidden(n)
            )
            index = self.model.index(row, first)
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        self._following = False

    def _say_what_is_shown(self, problem: str) -> None:
        where = "all frames" if self.all_frames.isChecked() else f"frame {self._frame()}"
        self.count.setText(f"{self.model.rowCount()} in {where}")
        self._say(problem or ("" if self._view.is_to_scale else _OTHER_SCALE))

    def _say(self, text: str) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def _on_reset(self) -> None:
        self._follow(self._view.particle)

    def _on_row(self, current: Any, _previous: Any = None) -> None:
        if current.isValid() and not self._following:
            frame, particle = self.model.particle_at(current.row())
            self._view.select(particle, frame)

    def _on_selected(self, particle: int) -> None:
        if not self._following:
            self._follow(particle)
        self.plot.mark(particle, self._frame())
        self.gallery.mark(particle, self._frame())

    def _on_picked(self, frame: int, particle: int) -> None:
        self._view.select(particle, frame)

    def _on_step(self) -> None:
        if self._frame_to_show() != self.model.frame:
            self.refresh()
        elif self._frame() != self._followed:
            self._on_selected(self._view.particle)

    def _on_colour(self) -> None:
        self._view.colour_by(self.colour.value())

    def _export_shown(self) -> None:
        self._ask_and_export(everything=False)

    def _export_all(self) -> None:
        self._ask_and_export(everything=True)

    def _ask_and_export(self, *, everything: bool) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Export particles", "particles.csv", "CSV (*.csv);;Parquet (*.parquet)"
        )
        if not name:
            return
        try:
            self.export(Path(name), everything=everything)
        except OperandoError as error:
            self._say(str(error))

"""A plot of particles: how a column is distributed, or how one particle changes through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from operando.data.classes import COLOUR_CYCLE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import Column

_ONE, _ALL = COLOUR_CYCLE[1], COLOUR_CYCLE[0]
_AXIS_WIDTH = 52
_SIDE_WIDTH = 140
NOT_PLOTTED = ("frame", "particle", "time_h", "on_edge")


class ParticlePlot(QWidget):
    """Histogram of the shown rows, or a column of the selected particle through time.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: list[Column] = []
        self._table: pd.DataFrame | None = None
        self._shown: pd.DataFrame | None = None
        self._particle, self._frame = 0, 0
        self._background, self._foreground = "#000000", "#ffffff"
        self.kind = QComboBox()
        self.kind.addItems(["histogram", "through time"])
        self.column = QComboBox()
        self.plot = pg.PlotWidget()
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.getAxis("left").setWidth(_AXIS_WIDTH)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.note = QLabel()
        self.note.setWordWrap(True)
        side = QVBoxLayout()
        for widget in (self.kind, self.column, self.note):
            widget.setFixedWidth(_SIDE_WIDTH)
            side.addWidget(widget)
        side.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addLayout(side)
        layout.addWidget(self.plot, 1)
        self.kind.currentIndexChanged.connect(self.draw)
        self.column.currentIndexChanged.connect(self.draw)

    def set_table(self, table: pd.DataFrame | None, columns: tuple[Column, ...]) -> None:
        """Plot another table; keeps the chosen column."""
        self._table = table
        self._columns = [c for c in columns if c.name not in NOT_PLOTTED]
        chosen = self.column.currentText()
        titles = [c.header for c in self._columns]
        self.column.blockSignals(True)
        self.column.clear()
        self.column.addItems(titles)
        self.column.setCurrentIndex(titles.index(chosen) if chosen in titles else 0)
        self.column.blockSignals(False)

    def set_shown(self, shown: pd.DataFrame | None, particle: int, frame: int) -> None:
        """Take the rows that the table shows and the particle that is selected."""
        self._shown, self._particle, self._frame = shown, particle, frame
        if self.isVisible():
            self.draw()

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self._background, self._foreground = background, foreground
        self.plot.setBackground(background)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setPen(foreground)
            self.plot.getAxis(side).setTextPen(foreground)
        self.draw()

    def showEvent(self, event: Any) -> None:
        """Draw what changed while the plot was hidden."""
        super().showEvent(event)
        self.draw()

    def draw(self) -> None:
        """Draw anew."""
        self.plot.clear()
        self.note.setText("")
        index = self.column.currentIndex()
        if self._table is None or self._shown is None or not 0 <= index < len(self._columns):
            return
        if self.kind.currentIndex() == 0:
            self._draw_histogram(self._columns[index])
        else:
            self._draw_through_time(self._columns[index])

    def _draw_histogram(self, column: Column) -> None:
        self.plot.setLabel("bottom", column.header)
        self.plot.setLabel("left", "particles")
        values = np.asarray(self._shown[column.name], float)
        counts, edges = histogram(values)
        bars = pg.BarGraphItem(
            x0=edges[:-1], x1=edges[1:], height=counts, brush=_ALL, pen=self._background
        )
        self.plot.addItem(bars)
        here = (self._shown["particle"] == self._particle) & (self._shown["frame"] == self._frame)
        for value in values[np.asarray(here)]:
            line = pg.InfiniteLine(value, angle=90, pen=pg.mkPen(_ONE, width=2))
            self.plot.addItem(line, ignoreBounds=True)
        if here.any():
            self.note.setText(f"orange: particle {self._particle}")
        self.plot.enableAutoRange()

    def _draw_through_time(self, column: Column) -> None:
        time = "time_h" if "time_h" in self._table else "frame"
        self.plot.setLabel("bottom", "time (h)" if time == "time_h" else "frame")
        self.plot.setLabel("left", column.header)
        medians = self._table.groupby("frame")[[time, column.name]].median()
        dashed = pg.mkPen(_ALL, width=1.5, style=Qt.PenStyle.DashLine)
        self.plot.plot(medians[time].to_numpy(), medians[column.name].to_numpy(), pen=dashed)
        one = self._table[self._table["particle"] == self._particle].sort_values("frame")
        self.plot.plot(
            one[time].to_numpy(float),
            one[column.name].to_numpy(float),
            pen=pg.mkPen(_ONE, width=2),
            symbol="o",
            symbolSize=7,
            symbolBrush=_ONE,
            symbolPen=self._background,
        )
        one_text = f"orange: particle {self._particle}" if len(one) else "select a particle"
        self.note.setText(f"{one_text}\ndashed: median of all")
        self.plot.enableAutoRange()


def histogram(values: NDArray[np.floating]) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """Count values in 8 to 60 bins, by the rule of Freedman and Diaconis where it fits."""
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros(1, int), np.array([0.0, 1.0])
    low, high = float(known.min()), float(known.max())
    if low == high:
        return np.array([known.size]), np.array([low - 0.5, high + 0.5])
    spread = np.subtract(*np.percentile(known, (75, 25)))
    width = 2 * spread / np.cbrt(known.size)
    bins = int(np.clip((high - low) / width if width > 0 else 8, 8, 60))
    return np.histogram(known, bins, (low, high))

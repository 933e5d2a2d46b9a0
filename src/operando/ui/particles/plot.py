"""Plots of particles: distributions, columns against each other, time, depth, and cracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from operando.data.classes import COLOUR_CYCLE
from operando.particles.measuring.profiles import depth_profile
from operando.ui.forms.fields import ChoiceField
from operando.ui.particles.bands import draw_band, draw_crack_grey
from operando.ui.particles.groups import GROUPINGS, groups_of
from operando.ui.particles.trajectories import draw_trajectories
from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import Column
    from operando.ui.particles.groups import Group

_ONE, _ALL = COLOUR_CYCLE[4], COLOUR_CYCLE[0]
_KINDS = ("histogram", "scatter", "through time", "depth profile", "grey at cracks")
_DEPTH = "depth_um"
_AXIS_WIDTH = 64
_SIDE_WIDTH = 150
_MANY = 3000
NOT_PLOTTED = ("frame", "particle", "time_h", "on_edge", "accepted")


class ParticlePlot(QWidget):
    """Plots of the rows that the table shows, and of the selected particle through time.

    Parameters
    ----------
    parent
        Owner.
    """

    picked = Signal(int, int)
    """Frame and id of a point that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: pd.DataFrame | None = None
        self._shown: pd.DataFrame | None = None
        self._crack_grey: pd.DataFrame | None = None
        self._particle, self._frame = 0, 0
        self._points: tuple[NDArray[np.floating], ...] = ()
        self._ring: pg.ScatterPlotItem | None = None
        self._background, self._foreground = "#000000", "#ffffff"
        self.kind = QComboBox()
        self.kind.addItems(_KINDS)
        self.column, self.against = ChoiceField(), ChoiceField()
        self.against.setToolTip("Column along the bottom")
        self.grouping = QComboBox()
        self.grouping.addItems(GROUPINGS)
        self.grouping.setToolTip("Colour groups of particles apart")
        self.plot = pg.PlotWidget()
        hold_still(self.plot)
        self.plot.getAxis("left").setWidth(_AXIS_WIDTH)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.RichText)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        side = QVBoxLayout()
        for widget in (self.kind, self.column, self.against, self.grouping):
            widget.setFixedWidth(_SIDE_WIDTH)
            side.addWidget(widget)
        side.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addLayout(side)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.note)
        right.addWidget(self.plot, 1)
        layout.addLayout(right, 1)
        for box in (self.kind, self.column, self.against, self.grouping):
            box.currentIndexChanged.connect(self.draw)

    def set_table(self, table: pd.DataFrame | None, columns: tuple[Column, ...]) -> None:
        """Plot another table; keeps the chosen column."""
        self._table = table
        offered = [(c, c.header) for c in columns if c.name not in NOT_PLOTTED]
        self.column.set_choices(offered)
        self.against.set_choices(offered, next((c for c, _ in offered[1:]), None))

    def set_crack_grey(self, table: pd.DataFrame | None) -> None:
        """Take grey levels by distance from cracks, as the step "damage" tells them, if it ran."""
        self._crack_grey = table
        self.draw()

    def set_shown(self, shown: pd.DataFrame | None, particle: int, frame: int) -> None:
        """Take the rows that the table shows and the particle that is selected."""
        self._shown, self._particle, self._frame = shown, particle, frame
        if self.isVisible():
            self.draw()

    def mark(self, particle: int, frame: int) -> None:
        """Take the particle that is selected, among the same rows."""
        self._particle, self._frame = particle, frame
        if not self.isVisible():
            return
        if self.kind.currentText() == "scatter" and self._ring is not None:
            self._move_ring()
        else:
            self.draw()

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self._background, self._foreground = background, foreground
        self.plot.setBackground(background)
        colour_axes(self.plot, foreground)
        self.draw()

    def showEvent(self, event: Any) -> None:
        """Draw what changed while the plot was hidden."""
        super().showEvent(event)
        self.draw()

    def draw(self) -> None:
        """Draw anew."""
        self.plot.clear()
        self._ring = None
        self.note.setText("")
        column: Column | None = self.column.value()
        if self._table is None or self._shown is None or column is None:
            return
        kind = self.kind.currentText()
        self.against.setVisible(kind == "scatter")
        self.column.setVisible(kind != "grey at cracks")
        self.grouping.setVisible(kind != "grey at cracks")
        if kind == "histogram":
            self._draw_histogram(column)
        elif kind == "scatter":
            self._draw_scatter(column, self.against.value())
        elif kind == "through time":
            self._draw_through_time(column)
        elif kind == "depth profile":
            self._draw_depth_profile(column)
        else:
            self.note.setText(
                draw_crack_grey(
                    self.plot, self._crack_grey, self._particle, self._frame, (_ONE, _ALL)
                )
            )
            self.plot.enableAutoRange()

    def _draw_histogram(self, column: Column) -> None:
        self.plot.setLabel("bottom", column.header)
        self.plot.setLabel("left", "particles")
        values = np.asarray(self._shown[column.name], float)
        _, edges = histogram(values)
        base = np.zeros(len(edges) - 1)
        for group in self._groups():
            inside = values[group.rows & np.isfinite(values)]
            counts = np.histogram(inside, edges)[0]
            self.plot.addItem(
                pg.BarGraphItem(
                    x0=edges[:-1],
                    x1=edges[1:],
                    y0=base,
                    height=counts,
                    brush=group.colour,
                    pen=self._background,
                )
            )
            base = base + counts
        here = self._here()
        for value in values[here]:
            line = pg.InfiniteLine(value, angle=90, pen=pg.mkPen(_ONE, width=2))
            self.plot.addItem(line, ignoreBounds=True)
        self._explain("yellow" if here.any() else "")
        self.plot.enableAutoRange()

    def _draw_scatter(self, column: Column, against: Column) -> None:
        self.plot.setLabel("bottom", against.header)
        self.plot.setLabel("left", column.header)
        x = np.asarray(self._shown[against.name], float)
        y = np.asarray(self._shown[column.name], float)
        known = np.isfinite(x) & np.isfinite(y)
        rows = np.arange(len(x))
        size = 6 if known.sum() < _MANY else 3
        for group in self._groups():
            keep = known & group.rows
            dots = pg.ScatterPlotItem(
                x=x[keep], y=y[keep], data=rows[keep], size=size, pen=None, brush=group.colour
            )
            dots.sigClicked.connect(self._on_dots)
            self.plot.addItem(dots)
        self._points = (x, y)
        self._ring = pg.ScatterPlotItem(size=13, pen=pg.mkPen(_ONE, width=2), brush=None)
        self.plot.addItem(self._ring)
        self._move_ring()
        self.plot.enableAutoRange()

    def _move_ring(self) -> None:
        """Ring the selected particle, which is quicker than drawing all points anew."""
        here = self._here()
        x, y = (values[here] for values in self._points)
        known = np.isfinite(x) & np.isfinite(y)
        self._ring.setData(x=x[known], y=y[known])
        self._explain("yellow ring" if known.any() else "click a point to select it")

    def _draw_depth_profile(self, column: Column) -> None:
        self.plot.setLabel("bottom", "depth (µm)")
        self.plot.setLabel("left", column.header)
        if _DEPTH not in self._shown:
            self.note.setText("This table holds no depth.")
            return
        depth = np.asarray(self._shown[_DEPTH], float)
        values = np.asarray(self._shown[column.name], float)
        for group in self._groups():
            profile = depth_profile(depth[group.rows], values[group.rows])
            draw_band(self.plot, profile, "depth_um", "mean", group.colour)
        self._explain("")
        self.note.setText(
            (self.note.text() + " · band: 95 % confidence of the mean").removeprefix(" · ")
        )
        self.plot.enableAutoRange()

    def _groups(self) -> list[Group]:
        return groups_of(self._shown, self.grouping.currentText())

    def _here(self) -> NDArray[np.bool_]:
        here = (self._shown["particle"] == self._particle) & (self._shown["frame"] == self._frame)
        return here.to_numpy(bool)

    def _explain(self, mark: str) -> None:
        """Say what the colours mean."""
        lines = [
            f'<span style="color:{g.colour}">■</span> {g.rows.sum()} {g.name}'
            for g in self._groups()
            if g.name
        ]
        if mark.startswith("yellow"):
            lines.append(f"{mark}: particle {self._particle}")
        elif mark:
            lines.append(mark)
        self.note.setText(" · ".join(lines))

    def _on_dots(self, _item: Any, points: Any) -> None:
        if len(points) and self._shown is not None:
            row = self._shown.iloc[int(points[0].data())]
            self.picked.emit(int(row["frame"]), int(row["particle"]))

    def _draw_through_time(self, column: Column) -> None:
        time = "time_h" if "time_h" in self._table else "frame"
        self.plot.setLabel("bottom", "time (h)" if time == "time_h" else "frame")
        self.plot.setLabel("left", column.header)
        for group in self._groups():
            particles = self._shown["particle"].to_numpy()[group.rows]
            draw_trajectories(self.plot, self._table, particles, time, column.name, group.colour)
        medians = self._table.groupby("frame")[[time, column.name]].median()
        dashed = pg.mkPen(self._foreground, width=1.5, style=Qt.PenStyle.DashLine)
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
        self._explain("yellow" if len(one) else "")
        texts = [self.note.text(), "dashed: median of all"]
        self.note.setText(" · ".join(text for text in texts if text))
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

"""Plots of the time line: voltage and what was measured, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from operando.data.classes import COLOUR_CYCLE
from operando.report.frame_curves import cycling_curve, frame_quantities
from operando.ui.forms.fields import ChoiceField
from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.report.frame_curves import FrameQuantity
    from operando.study import Study

_AXIS_WIDTH = 58
_LEGEND_WIDTH = 180
_SYMBOL_SIZE = 7


class TimeLinePlot(QWidget):
    """Frames along the time axis with the voltage curve and one measured quantity.

    A click or a drag of the cursor asks for a frame by `frame_chosen`; `set_frame` moves the
    cursor. Colours follow `set_colours`.

    Parameters
    ----------
    parent
        Owner.
    """

    frame_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame = 0
        self._times: NDArray[np.float64] = np.empty(0)
        self._voltage: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._quantities: list[FrameQuantity] = []
        self._background, self._foreground = "#000000", "#ffffff"

        self.quantity = ChoiceField()
        self.quantity.setToolTip("What the lower plot shows")
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.legend.setWordWrap(True)
        self._graphics = pg.GraphicsLayoutWidget()
        self._graphics.ci.setContentsMargins(2, 4, 10, 2)
        self._graphics.ci.setSpacing(2)
        self.upper = self._add_plot(0)
        self.lower = self._add_plot(1)
        self.upper.setXLink(self.lower)
        self.upper.getAxis("bottom").setStyle(showValues=False)
        self.lower.setLabel("bottom", "time / h")
        self._frame_ticks = pg.VTickGroup(yrange=(0, 0.08))
        self.lower.addItem(self._frame_ticks, ignoreBounds=True)
        self.cursors = [self._add_cursor(plot) for plot in (self.upper, self.lower)]

        side = QVBoxLayout()
        side.setContentsMargins(0, 6, 6, 4)
        side.addWidget(self.quantity)
        side.addWidget(self.legend, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._graphics, 1)
        layout.addLayout(side)
        self.quantity.setFixedWidth(_LEGEND_WIDTH)
        self.legend.setFixedWidth(_LEGEND_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

        self.quantity.currentIndexChanged.connect(self._draw)
        self._graphics.scene().sigMouseClicked.connect(self._on_click)

    def set_study(self, study: Study | None, classes: tuple[LabelClass, ...] = ()) -> None:
        """Show another study, or what is new in it; keeps the chosen quantity."""
        self._times = np.asarray(study.times if study else (), float)
        self._voltage = cycling_curve(study) if study else None
        self._quantities = frame_quantities(study, classes) if study else []
        self.quantity.set_choices([(q.title, q.title) for q in self._quantities])
        self.quantity.setVisible(len(self._quantities) > 1)
        self.frame = min(self.frame, max(len(self._times) - 1, 0))
        self._draw()

    def set_frame(self, frame: int) -> None:
        """Move the cursor to a frame."""
        self.frame = frame
        if frame < len(self._times):
            for cursor in self.cursors:
                cursor.setValue(self._times[frame])
        self._write_legend()

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self._background, self._foreground = background, foreground
        self._graphics.setBackground(background)
        for plot in (self.upper, self.lower):
            colour_axes(plot, foreground)
        for cursor in self.cursors:
            cursor.setPen(pg.mkPen(foreground, width=2, style=Qt.PenStyle.DashLine))
            cursor.setHoverPen(pg.mkPen(foreground, width=4))
        self._draw()

    def _add_plot(self, row: int) -> Any:
        plot = self._graphics.addPlot(row=row, col=0)
        hold_still(plot)
        plot.getAxis("left").setWidth(_AXIS_WIDTH)
        return plot

    def _add_cursor(self, plot: Any) -> Any:
        cursor = pg.InfiniteLine(angle=90, movable=True)
        cursor.setZValue(10)
        plot.addItem(cursor, ignoreBounds=True)
        cursor.sigDragged.connect(self._on_drag)
        cursor.sigPositionChangeFinished.connect(self._on_dropped)
        return cursor

    @property
    def shown(self) -> FrameQuantity | None:
        """The quantity of the lower plot."""
        index = self.quantity.currentIndex()
        return self._quantities[index] if 0 <= index < len(self._quantities) else None

    def _draw(self) -> None:
        for plot in (self.upper, self.lower):
            for item in plot.listDataItems():
                plot.removeItem(item)
        has_frames = len(self._times) > 0
        for cursor in self.cursors:
            cursor.setVisible(has_frames)
        self.upper.setVisible(self._voltage is not None)
        if self._voltage is not None:
            self._draw_voltage(*self._voltage)
        self._draw_quantity()
        self._frame_ticks.setXVals(self._times)
        self._frame_ticks.setPen(self._foreground)
        if has_frames:
            times = [self._times[[0, -1]]] + ([self._voltage[0]] if self._voltage else [])
            low, high = min(t.min() for t in times), max(t.max() for t in times)
            margin = 0.02 * (high - low) or 0.5
            self.lower.setXRange(low - margin, high + margin, padding=0)
        self.set_frame(self.frame)

    def _draw_voltage(self, time_h: NDArray[np.float64], volts: NDArray[np.float64]) -> None:
        self.upper.setLabel("left", "E / V")
        self.upper.plot(time_h, volts, pen=pg.mkPen(self._foreground, width=1.5))
        within = (self._times >= time_h.min()) & (self._times <= time_h.max())
        at_frames = np.interp(self._times[within], time_h, volts)
        self._plot_points(self.upper, self._times[within], at_frames, self._foreground, line=False)

    def _draw_quantity(self) -> None:
        quantity = self.shown
        axis = self.lower.getAxis("left")
        axis.setStyle(showValues=quantity is not None)
        axis.setLabel((quantity.unit or quantity.title) if quantity else "frames")
        if quantity is None:
            height = np.zeros(len(self._times))
            self._plot_points(self.lower, self._times, height, self._foreground, line=False)
            self.lower.setYRange(-1, 1)
            return
        for number, curve in enumerate(quantity.curves):
            known = np.isfinite(curve.values)
            colour = curve.colour or COLOUR_CYCLE[number % len(COLOUR_CYCLE)]
            self._plot_points(self.lower, self._times[known], curve.values[known], colour)
        self.lower.enableAutoRange(y=True)

    def _plot_points(
        self, plot: Any, x: NDArray[Any], y: NDArray[Any], colour: str, *, line: bool = True
    ) -> None:
        plot.plot(
            x,
            y,
            pen=pg.mkPen(colour, width=2) if line else None,
            symbol="o",
            symbolSize=_SYMBOL_SIZE,
            symbolBrush=colour,
            symbolPen=self._background,
        )

    def _write_legend(self) -> None:
        if not len(self._times):
            self.legend.setText("")
            return
        lines = [f"<b>frame {self.frame}</b> · {self._times[self.frame]:.2f} h"]
        if self._voltage is not None:
            volts = np.interp(self._times[self.frame], *self._voltage, np.nan, np.nan)
            lines.append(_legend_line(self._foreground, "voltage", volts, "V"))
        if self.shown is not None:
            for number, curve in enumerate(self.shown.curves):
                colour = curve.colour or COLOUR_CYCLE[number % len(COLOUR_CYCLE)]
                value = curve.values[self.frame]
                lines.append(_legend_line(colour, curve.title, value, self.shown.unit))
        self.legend.setText("<br>".join(lines))

    def _nearest_frame(self, time_h: float) -> int:
        return int(np.argmin(np.abs(self._times - time_h)))

    def _on_drag(self, cursor: Any) -> None:
        frame = self._nearest_frame(cursor.value())
        if frame != self.frame:
            self.frame_chosen.emit(frame)
            self.frame = frame
            self._write_legend()
        for other in self.cursors:
            if other is not cursor:
                other.setValue(cursor.value())

    def _on_dropped(self) -> None:
        self.set_frame(self.frame)

    def _on_click(self, event: Any) -> None:
        if not len(self._times):
            return
        for plot in (self.upper, self.lower):
            if plot.isVisible() and plot.sceneBoundingRect().contains(event.scenePos()):
                time_h = plot.vb.mapSceneToView(event.scenePos()).x()
                self.frame_chosen.emit(self._nearest_frame(time_h))
                return


def _legend_line(colour: str, title: str, value: float, unit: str) -> str:
    number = "–" if np.isnan(value) else f"{value:.3g}"
    return f'<span style="color:{colour}">●</span> {title} <b>{number}</b> {unit}'

"""Plots of what was measured along a line: a profile, and its length through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtWidgets import QVBoxLayout, QWidget

from operando.data.classes import COLOUR_CYCLE
from operando.ui.forms.fields import ChoiceField
from operando.ui.strain.table_dialog import TableButtons
from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    import pandas as pd

PROFILE, TIME = "profile", "time"
_HEIGHT = 175
_BAND_OPACITY = 70


class LinePlot(QWidget):
    """Profile with a band of one standard deviation, or strain through time with error bars.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: pd.DataFrame | None = None
        self._elongation: pd.DataFrame | None = None
        self._header = self._unit = ""
        self._foreground = "#ffffff"
        self.kind = ChoiceField(
            [
                (PROFILE, "shown quantity along the line"),
                (TIME, "strain of the line through time"),
            ]
        )
        self.plot: Any = pg.PlotWidget()
        hold_still(self.plot)
        self.plot.setFixedHeight(_HEIGHT)
        colour = pg.mkColor(COLOUR_CYCLE[0])
        pen = pg.mkPen(colour, width=2)
        edge = pg.mkPen(None)
        self.low = self.plot.plot([], [], pen=edge, connect="finite")
        self.high = self.plot.plot([], [], pen=edge, connect="finite")
        pale = pg.mkColor(colour)
        pale.setAlpha(_BAND_OPACITY)
        self._band = pg.FillBetweenItem(self.low, self.high, brush=pg.mkBrush(pale))
        self.plot.addItem(self._band)
        self.bars = pg.ErrorBarItem(pen=pg.mkPen(colour), beam=0.0)
        self.plot.addItem(self.bars)
        self.curve = self.plot.plot([], [], pen=pen, connect="finite", symbolBrush=colour)
        self.buttons = TableButtons("line.csv")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.kind, self.plot, self.buttons):
            layout.addWidget(widget)
        self.kind.valueChanged.connect(self._draw)

    def set_tables(
        self, along: pd.DataFrame, through_time: pd.DataFrame, header: str, unit: str
    ) -> None:
        """Show other measurements.

        Parameters
        ----------
        along, through_time
            See `profile_table` and `elongation_table`.
        header, unit
            Of the quantity that is shown.
        """
        self._profile, self._elongation = along, through_time
        self._header, self._unit = header, unit
        self._draw()

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self._foreground = foreground
        self.plot.setBackground(background)
        colour_axes(self.plot, foreground)
        self._draw()

    def _draw(self) -> None:
        if self._profile is None or self._elongation is None:
            return
        self.buttons.message.hide()
        if self.kind.value() == PROFILE:
            self._draw_profile(self._profile)
        else:
            self._draw_time(self._elongation)

    def _draw_profile(self, table: pd.DataFrame) -> None:
        at, value, sd = (table[k].to_numpy(float) for k in ("distance_um", "value", "value_sd"))
        self.curve.setData(at, value, symbol=None)
        self.bars.setData(x=np.empty(0), y=np.empty(0), height=np.empty(0))
        sd = np.where(np.isfinite(sd), sd, 0.0)
        self.low.setData(at, value - sd)
        self.high.setData(at, value + sd)
        self._band.setVisible(bool(sd.any()))
        self.plot.setTitle(self._header, color=self._foreground, size="9pt")
        self.plot.setLabel("left", self._unit)
        self.plot.setLabel("bottom", "along the line (µm)")
        self.buttons.table, self.buttons.name = table, "profile.csv"

    def _draw_time(self, table: pd.DataFrame) -> None:
        known = table[table["strain_percent"].notna()]
        at, value, sd = (
            known[k].to_numpy(float) for k in ("time_h", "strain_percent", "strain_sd_percent")
        )
        self.curve.setData(at, value, symbol="o", symbolSize=6)
        self.bars.setData(x=at, y=value, height=2 * sd)
        self._band.setVisible(False)
        self.low.setData([], [])
        self.high.setData([], [])
        self.plot.setTitle("strain of the line (%)", color=self._foreground, size="9pt")
        self.plot.setLabel("left", "%")
        self.plot.setLabel("bottom", "time (h)")
        self.buttons.table, self.buttons.name = table, "extensometer.csv"

"""How often every grey value occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    from operando.files import Description

_HEIGHT, _AXIS_HEIGHT, _BELOW = 112, 38, 8


class GreyHistogram(QWidget):
    """Histogram of the slices that were looked at; hidden while there are none.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot: Any = pg.PlotWidget(background=None)
        hold_still(self.plot)
        self.plot.setLabel("bottom", "grey value")
        self.plot.getAxis("bottom").setHeight(_AXIS_HEIGHT)
        self.plot.hideAxis("left")
        self.plot.getPlotItem().layout.setContentsMargins(0, 0, 0, _BELOW)
        self._bars: Any = None
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip("Middle slices of the frames; heights are square roots of the counts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self.hide()

    def set_description(self, description: Description | None) -> None:
        """Show the counts of a description."""
        if self._bars is not None:
            self.plot.removeItem(self._bars)
            self._bars = None
        known = description is not None and len(description.counts) > 1
        self.setVisible(known)
        if description is None or not known:
            return
        colour = self.palette().text().color()
        colour_axes(self.plot, colour.name())
        # Rare phases are to be seen beside the common ones.
        self._bars = self.plot.plot(
            description.edges,
            np.sqrt(description.counts),
            stepMode="center",
            fillLevel=0,
            brush=colour,
            pen=None,
        )
        self.plot.setXRange(description.edges[0], description.edges[-1], padding=0.01)

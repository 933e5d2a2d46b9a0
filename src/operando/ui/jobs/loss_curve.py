"""A small plot of how a training goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from operando.data.classes import COLOUR_CYCLE
from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.compute.progress import Progress

_LEARNT, _HELD_OUT = COLOUR_CYCLE[0], COLOUR_CYCLE[1]
_HEIGHT, _AXIS_HEIGHT, _LABEL_OVERHANG = 150, 40, 6


class LossCurve(QWidget):
    """Loss of the strokes that are learnt and of those held out, over the training steps.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot: Any = pg.PlotWidget()
        hold_still(self._plot)
        self._plot.setLabel("left", "loss")
        self._plot.setLabel("bottom", "training step")
        self._plot.getAxis("bottom").setHeight(_AXIS_HEIGHT)
        self._plot.getPlotItem().layout.setContentsMargins(0, _LABEL_OVERHANG, 0, _LABEL_OVERHANG)
        self._batches = self._plot.plot([], [], pen=pg.mkPen(_LEARNT + "55", width=1))
        self._learnt = self._plot.plot([], [], pen=pg.mkPen(_LEARNT, width=2))
        self._held_out = self._plot.plot(
            [], [], pen=pg.mkPen(_HELD_OUT, width=2), symbol="o", symbolSize=4, connect="finite"
        )
        self._held_out.setSymbolBrush(_HELD_OUT)
        self._held_out.setSymbolPen(None)
        self._legend = QLabel(
            f'<span style="color:{_LEARNT}">━</span> strokes that are learnt&nbsp;&nbsp;'
            f'<span style="color:{_HELD_OUT}">━</span> strokes held out'
        )
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._plot)
        layout.addWidget(self._legend, 0, Qt.AlignmentFlag.AlignRight)
        self._plot.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return a small plot's size."""
        return QSize(300, _HEIGHT + 24)

    def set_curve(self, curve: NDArray[np.float64]) -> None:
        """Show a curve.

        Parameters
        ----------
        curve
            ``(n, 3)``: step, loss, held-out loss; NaN where not measured.
        """
        step, loss, held_out = curve.T if len(curve) else np.empty((3, 0))
        measured = np.isfinite(held_out)
        self._batches.setData(step, loss)
        self._learnt.setData(step, running_mean(loss))
        self._held_out.setData(step[measured], held_out[measured])

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self._plot.setBackground(background)
        colour_axes(self._plot, foreground)


def running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last tenth of the values, at least over five; batches differ a lot."""
    n = max(5, len(values) // 10)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(stop - n, 0)
    return (sums[stop] - sums[start]) / (stop - start)


def curve_of(reports: Sequence[Progress]) -> NDArray[np.float64]:
    """Curve ``(n, 3)`` from the reports of a training."""
    nan = float("nan")
    rows = [
        (r.done, r.values["loss"], r.values.get("held_out_loss", nan))
        for r in reports
        if "loss" in r.values
    ]
    return np.array(rows, float).reshape(-1, 3)

"""Learning curves of several trainings in one plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from operando.ui.jobs.loss_curve import running_mean
from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from operando.compute.progress import Progress

_MEASURES = {
    "held-out Dice": "held_out_dice",
    "held-out loss": "held_out_loss",
    "loss": "loss",
}
_LABEL_OVERHANG = 6


class RunsPlot(QWidget):
    """Overlays a measure of several trainings over the training steps.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    measure : QComboBox
        What is drawn.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: Mapping[str, pd.DataFrame] = {}
        self._colours: Mapping[str, str] = {}
        self.measure = QComboBox()
        self.measure.addItems(list(_MEASURES))
        self.measure.setToolTip("loss: of the strokes that are learnt, mean over a tenth")
        self.plot = pg.PlotWidget()
        hold_still(self.plot)
        self.plot.setLabel("bottom", "training step")
        self.plot.getPlotItem().layout.setContentsMargins(0, 0, 0, _LABEL_OVERHANG)
        row = QHBoxLayout()
        row.addWidget(QLabel("Learning curves"))
        row.addWidget(self.measure)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        self.measure.currentIndexChanged.connect(self.draw)

    def set_curves(self, curves: Mapping[str, pd.DataFrame], colours: Mapping[str, str]) -> None:
        """Show the curves of other runs.

        Parameters
        ----------
        curves
            Columns ``step``, ``loss``, ``held_out_loss``, ``held_out_dice``, by name.
        colours
            By name.
        """
        self._curves, self._colours = curves, colours
        self.draw()

    def set_colours(self, background: str, foreground: str) -> None:
        """Follow the theme; both as ``#rrggbb``."""
        self.plot.setBackground(background)
        colour_axes(self.plot, foreground)

    def draw(self) -> None:
        """Draw anew."""
        name = self.measure.currentText()
        self.plot.clear()
        self.plot.setLabel("left", name)
        for run, curve in self._curves.items():
            values = curve[_MEASURES[name]].to_numpy(float)
            known = np.isfinite(values)
            if not known.any():
                continue
            shown = running_mean(values[known]) if name == "loss" else values[known]
            few = {"symbol": "o", "symbolSize": 5, "symbolPen": None} if name != "loss" else {}
            colour = self._colours[run]
            self.plot.plot(
                curve["step"].to_numpy(float)[known],
                shown,
                pen=pg.mkPen(colour, width=2),
                name=run,
                **(few | {"symbolBrush": colour} if few else {}),
            )


def curve_so_far(reports: Sequence[Progress]) -> pd.DataFrame:
    """Learning curve of a training that runs, from its reports."""
    import pandas as pd

    columns = ["loss", "held_out_loss", "held_out_dice"]
    rows = [
        (r.done, *(r.values.get(c, float("nan")) for c in columns))
        for r in reports
        if "loss" in r.values
    ]
    return pd.DataFrame(rows, columns=["step", *columns], dtype=float)

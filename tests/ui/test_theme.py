from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg

from operando.ui.theme import colour_axes, hold_still

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_still_plot_keeps_the_unit_that_its_label_names(qtbot: QtBot) -> None:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    hold_still(plot)
    plot.setLabel("left", "displacement (µm)")
    plot.setYRange(0, 5e6)
    plot.show()
    assert plot.getAxis("left").labelText == "displacement (µm)"
    assert plot.getAxis("left").autoSIPrefixScale == 1.0
    assert not plot.getPlotItem().menuEnabled()
    assert plot.getViewBox().state["mouseEnabled"] == [False, False]


def test_axes_take_the_colour_of_the_theme(qtbot: QtBot) -> None:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    colour_axes(plot, "#102030")
    for side in ("left", "bottom"):
        assert plot.getAxis(side).pen().color().name() == "#102030"
        assert plot.getAxis(side).textPen().color().name() == "#102030"

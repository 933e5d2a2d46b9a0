from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.data import PARTICLE_COLUMNS
from operando.ui.particles.plot import ParticlePlot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

CRACK_GREY = pd.DataFrame(
    {
        "frame": [0, 0, 0, 0, 1],
        "particle": [4, 4, 0, 0, 0],
        "distance_um": [0.1, 0.3, 0.1, 0.3, 0.1],
        "grey": [90.0, 100.0, 110.0, 120.0, 7.0],
        "low": [np.nan, np.nan, 105.0, np.nan, np.nan],
        "high": [np.nan, np.nan, 115.0, np.nan, np.nan],
        "particles": [1, 1, 3, 3, 1],
    }
)
TABLE = pd.DataFrame({"frame": 0, "particle": [4, 5], "volume_um3": 1.0})


@pytest.fixture
def plot(qtbot: QtBot) -> ParticlePlot:
    plot = ParticlePlot()
    qtbot.addWidget(plot)
    plot.set_table(TABLE, tuple(c for c in PARTICLE_COLUMNS if c.name == "volume_um3"))
    plot.set_shown(TABLE, 4, 0)
    plot.show()
    plot.kind.setCurrentText("grey at cracks")
    return plot


def _curves(plot: ParticlePlot) -> list[list[float]]:
    return [item.yData.tolist() for item in plot.plot.listDataItems() if item.opts["symbol"]]


def test_grey_at_cracks_shows_all_with_their_band_and_the_selected_one(plot: ParticlePlot) -> None:
    plot.set_crack_grey(CRACK_GREY)
    assert _curves(plot) == [[110, 120], [90, 100]]
    band = [i.yData.tolist() for i in plot.plot.listDataItems() if not i.opts["symbol"]]
    assert band[:2] == [[105, 120], [115, 120]]
    assert "3 cracked particles" in plot.note.text()
    assert "particle 4" in plot.note.text()
    assert not plot.column.isVisible()
    plot.mark(5, 0)
    assert _curves(plot) == [[110, 120]]
    assert "5 has no cracks" in plot.note.text()


def test_before_cracks_are_mapped_the_plot_says_what_to_do(plot: ParticlePlot) -> None:
    assert "Map cracks" in plot.note.text()
    plot.set_crack_grey(CRACK_GREY[CRACK_GREY["frame"] == 1])
    assert "No particle of this frame" in plot.note.text()
    assert _curves(plot) == []

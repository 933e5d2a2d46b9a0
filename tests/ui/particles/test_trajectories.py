from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyqtgraph as pg

from operando.ui.particles.trajectories import draw_trajectories

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TABLE = pd.DataFrame(
    {
        "frame": [0, 0, 0, 1, 1, 2, 2],
        "particle": [1, 2, 3, 2, 1, 1, 2],
        "crack": [0.1, 0.5, 0.9, np.nan, 0.2, 0.4, 0.7],
    }
)


def _lines(qtbot: QtBot, particles: list[int]) -> list[list[tuple[float, float]]]:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    draw_trajectories(plot, TABLE, np.array(particles, int), "frame", "crack", "#0072b2")
    (item,) = plot.listDataItems()
    lines: list[list[tuple[float, float]]] = [[]]
    for x, y, goes_on in zip(item.xData, item.yData, item.opts["connect"], strict=True):
        lines[-1].append((float(x), float(y)))
        if not goes_on:
            lines.append([])
    return lines[:-1]


def test_every_particle_is_a_line_of_its_own_in_the_order_of_frames(qtbot: QtBot) -> None:
    """A frame whose value is missing is passed over."""
    assert _lines(qtbot, [1, 2]) == [[(0, 0.1), (1, 0.2), (2, 0.4)], [(0, 0.5), (2, 0.7)]]


def test_a_particle_of_one_frame_is_no_line(qtbot: QtBot) -> None:
    assert _lines(qtbot, [3]) == [[(0, 0.9)]]

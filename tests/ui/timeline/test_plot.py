from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from operando.data import LabelClass
from operando.ui.timeline.plot import TimeLinePlot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TIMES = (0.0, 0.5, 2.0, 3.0)


def _study(**tables: pd.DataFrame) -> Any:
    return SimpleNamespace(
        times=TIMES,
        entries=[],
        products=lambda folder: sorted(tables) if folder == "tables" else [],
        table=tables.__getitem__,
    )


PHASES = pd.DataFrame(
    {
        "frame": np.repeat(np.arange(4), 2),
        "phase": ["pore", "particle"] * 4,
        "fraction": [0.2, 0.8, 0.25, 0.75, 0.3, 0.7, 0.35, 0.65],
    }
)
PARTICLES = pd.DataFrame({"frame": [0, 1, 3], "particle": 1, "volume_um3": [1.0, 2.0, 4.0]})
CYCLING = pd.DataFrame({"time_h": [0.0, 4.0], "voltage_v": [3.0, 4.0]})


@pytest.fixture
def plot(qtbot: QtBot) -> TimeLinePlot:
    plot = TimeLinePlot()
    qtbot.addWidget(plot)
    plot.resize(900, 240)
    plot.show()
    return plot


def _curves(plot: Any) -> list[tuple[list[float], list[float]]]:
    return [
        (item.xData.tolist(), item.yData.tolist())
        for item in plot.listDataItems()
        if item.xData is not None
    ]


def test_voltage_has_a_point_at_every_frame(plot: TimeLinePlot) -> None:
    plot.set_study(_study(cycling=CYCLING, phases=PHASES))
    line, points = _curves(plot.upper)
    assert line == ([0.0, 4.0], [3.0, 4.0])
    assert points == (list(TIMES), [3.0, 3.125, 3.5, 3.75])
    assert plot.upper.isVisible()


def test_phases_are_drawn_in_percent_and_their_colours(plot: TimeLinePlot) -> None:
    plot.set_study(_study(phases=PHASES), (LabelClass("pore", "#123456"),))
    pore, particle = _curves(plot.lower)
    np.testing.assert_allclose(pore[1], [20, 25, 30, 35])
    np.testing.assert_allclose(particle[1], [80, 75, 70, 65])
    assert "#123456" in plot.legend.text()
    assert not plot.upper.isVisible()


def test_missing_frames_are_left_out(plot: TimeLinePlot) -> None:
    plot.set_study(_study(particles=PARTICLES, phases=PHASES))
    assert [plot.quantity.itemText(i) for i in range(plot.quantity.count())] == [
        "mean volume",
        "particles",
        "phases",
    ]
    assert _curves(plot.lower) == [([0.0, 0.5, 3.0], [1.0, 2.0, 4.0])]


def test_frames_alone_can_be_shown(plot: TimeLinePlot) -> None:
    plot.set_study(_study())
    assert _curves(plot.lower) == [(list(TIMES), [0.0] * 4)]
    assert not plot.quantity.isVisible()


def test_legend_tells_the_values_of_the_frame(plot: TimeLinePlot) -> None:
    plot.set_study(_study(cycling=CYCLING, particles=PARTICLES))
    plot.set_frame(1)
    assert [cursor.value() for cursor in plot.cursors] == [0.5, 0.5]
    assert "0.50 h" in plot.legend.text()
    assert "<b>3.12</b> V" in plot.legend.text()
    assert "<b>2</b> µm³" in plot.legend.text()
    plot.set_frame(2)
    assert "<b>–</b> µm³" in plot.legend.text()


def test_dragging_the_cursor_asks_for_frames_and_snaps(plot: TimeLinePlot) -> None:
    plot.set_study(_study(cycling=CYCLING))
    asked: list[int] = []
    plot.frame_chosen.connect(asked.append)
    cursor = plot.cursors[0]
    for time_h in (0.2, 0.4, 1.0, 1.6, 2.2):
        cursor.setValue(time_h)
        cursor.sigDragged.emit(cursor)
    assert asked == [1, 2]
    cursor.sigPositionChangeFinished.emit(cursor)
    assert [c.value() for c in plot.cursors] == [2.0, 2.0]


def test_a_click_asks_for_the_nearest_frame(plot: TimeLinePlot, qtbot: QtBot) -> None:
    plot.set_study(_study(phases=PHASES))
    qtbot.waitExposed(plot)
    asked: list[int] = []
    plot.frame_chosen.connect(asked.append)
    at = plot.lower.vb.mapViewToScene(plot.lower.vb.viewRect().center())
    plot._on_click(SimpleNamespace(scenePos=lambda: at))
    assert asked == [2], "the middle, 1.5 h, is nearest to 2 h"


def test_the_choice_outlives_new_results_and_no_study(plot: TimeLinePlot) -> None:
    plot.set_study(_study(particles=PARTICLES, phases=PHASES))
    plot.quantity.setCurrentText("phases")
    plot.set_study(_study(phases=PHASES, particles=PARTICLES, cycling=CYCLING))
    assert plot.quantity.currentText() == "phases"
    plot.set_study(None)
    assert plot.legend.text() == ""
    assert _curves(plot.upper) == []


def test_colours_of_any_theme_are_taken(plot: TimeLinePlot) -> None:
    plot.set_study(_study(cycling=CYCLING, phases=PHASES))
    plot.set_colours("#ffffff", "#202020")
    assert "#202020" in plot.legend.text()
    assert plot.upper.listDataItems()[0].opts["pen"].color().name() == "#202020"

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from operando.ui.timeline.dock import TimeLine

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando.ui.session import Session


@pytest.fixture
def dock(qtbot: QtBot, session: Session) -> TimeLine:
    dock = TimeLine(session)
    qtbot.addWidget(dock)
    return dock


def test_cursor_and_slider_follow_each_other(dock: TimeLine, session: Session) -> None:
    assert dock.plot.frame == 0
    session.viewer.dims.set_current_step(0, 1)
    assert dock.plot.frame == 1
    dock.plot.frame_chosen.emit(0)
    assert session.viewer.dims.current_step[0] == 0
    assert dock.plot.frame == 0


def test_new_results_appear(dock: TimeLine, session: Session) -> None:
    assert dock.plot.quantity.count() == 0
    table = pd.DataFrame({"frame": [0, 1], "particle": 1, "crack_fraction": [0.1, 0.2]})
    assert session.study is not None
    session.study.write_table("particles", table)
    session.products_changed.emit("particles")
    assert dock.plot.quantity.itemText(0) == "mean crack"


def test_colours_follow_the_theme(dock: TimeLine, session: Session) -> None:
    session.viewer.theme = "light"
    light = dock.plot._background
    session.viewer.theme = "dark"
    dark = dock.plot._background
    assert int(light[1:3], 16) > 200
    assert int(dark[1:3], 16) < 60


def test_a_closed_study_leaves_an_empty_line(dock: TimeLine, session: Session) -> None:
    session.close_study()
    assert dock.plot.legend.text() == ""


def test_nothing_is_heard_after_unlink(dock: TimeLine, session: Session) -> None:
    dock.unlink()
    session.viewer.dims.set_current_step(0, 1)
    session.viewer.theme = "light"
    assert dock.plot.frame == 0

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from operando.ui.jobs.turns import Turns

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_pieces_are_done_in_order_and_the_window_answers_in_between(qtbot: QtBot) -> None:
    turns, done = Turns(), []
    ticks = QTimer()
    ticks.timeout.connect(lambda: done.append("window"))
    for piece in "abc":
        turns(lambda piece=piece: done.append(piece))
    assert done == []
    ticks.start(0)
    qtbot.waitUntil(lambda: "c" in done)
    ticks.stop()
    assert [x for x in done if x != "window"] == ["a", "b", "c"]
    assert "window" in done[done.index("a") : done.index("b")]


def test_a_piece_may_ask_for_another(qtbot: QtBot) -> None:
    turns, done = Turns(), []
    turns(lambda: turns(lambda: done.append("second")))
    qtbot.waitUntil(lambda: done == ["second"])


def test_what_is_cleared_is_not_done(qtbot: QtBot) -> None:
    turns, done = Turns(), []
    turns(lambda: done.append("old"))
    turns.clear()
    turns(lambda: done.append("new"))
    qtbot.waitUntil(lambda: len(done) > 0)
    assert done == ["new"]

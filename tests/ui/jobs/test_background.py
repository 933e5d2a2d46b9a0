from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from operando.errors import InputError
from operando.ui.jobs.background import Background

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def background(qtbot: QtBot) -> Background:
    return Background()


def _run(qtbot: QtBot, background: Background, work: Any) -> tuple[list[Any], list[Any]]:
    done: list[Any] = []
    failed: list[Any] = []
    with qtbot.waitSignal(background.finished):
        background.start(work, done.append, failed.append)
        assert background.is_busy
    assert not background.is_busy
    return done, failed


def test_work_is_done_in_another_thread(qtbot: QtBot, background: Background) -> None:
    done, failed = _run(qtbot, background, threading.get_ident)
    assert done != [threading.get_ident()]
    assert failed == []


def test_errors_for_users_are_handed_on(qtbot: QtBot, background: Background) -> None:
    error = InputError("A wrong value (3)", "use 2")

    def work() -> None:
        raise error

    assert _run(qtbot, background, work) == ([], [error])


def test_unforeseen_errors_are_told_and_raised(qtbot: QtBot, background: Background) -> None:
    def work() -> None:
        raise ZeroDivisionError("by zero")

    with qtbot.captureExceptions() as raised:
        done, failed = _run(qtbot, background, work)
        qtbot.waitUntil(lambda: len(raised) == 1)
    assert done == []
    assert "ZeroDivisionError: by zero" in str(failed[0])
    raised.clear()


def test_waiting_hands_the_outcome_on_at_once_and_only_once(
    qtbot: QtBot, background: Background
) -> None:
    done: list[Any] = []
    go = threading.Event()
    background.start(lambda: go.wait(5), done.append, done.append)
    go.set()
    background.wait()
    assert done == [True]
    assert not background.is_busy
    background.start(lambda: "next", done.append, done.append)
    qtbot.waitUntil(lambda: not background.is_busy)
    qtbot.wait(20)
    assert done == [True, "next"]
    background.wait()
    assert done == [True, "next"]

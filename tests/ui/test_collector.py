from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QObject

from operando.ui.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class _Knot:
    """Garbage that only a collection finds."""

    def __init__(self, deaths: list[int]) -> None:
        self.myself = self
        weakref.finalize(self, lambda: deaths.append(threading.get_ident()))


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[Collector]:
    owner = QObject()
    collector = Collector(owner)
    yield collector
    collector.close()


def _work_in_a_thread() -> list[list[int]]:
    """Make so many objects that Python would collect all generations."""
    made: list[list[int]] = []
    thread = threading.Thread(target=lambda: made.extend([] for _ in range(1_000_000)))
    thread.start()
    thread.join()
    return made


@pytest.mark.usefixtures("collector")
def test_garbage_goes_on_the_thread_of_the_window_alone(qtbot: QtBot) -> None:
    deaths: list[int] = []
    _Knot(deaths)
    made = _work_in_a_thread()
    assert made
    assert not deaths
    qtbot.waitUntil(lambda: bool(deaths), timeout=5000)
    assert deaths == [threading.get_ident()]


def test_without_it_garbage_goes_where_objects_are_made() -> None:
    deaths: list[int] = []
    _Knot(deaths)
    _work_in_a_thread()
    assert deaths
    assert deaths != [threading.get_ident()]


def test_python_collects_again_after_it_is_closed(collector: Collector) -> None:
    assert not gc.isenabled()
    collector.close()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_a_window_that_closes_does_not_let_python_collect_in_another(qtbot: QtBot) -> None:
    owner = QObject()
    Collector(owner).close()
    qtbot.waitUntil(lambda: not gc.isenabled(), timeout=5000)

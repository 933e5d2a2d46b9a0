from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt

from operando.ui.segment.runs_table import RunsTable

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

RUNS = pd.DataFrame(
    {"run": ["b", "a", "c"], "seconds": [60.0, 30.0, 90.0]}
    | {f"fraction_{k}": [0.1, 0.2, 0.3] for k in range(12)}
)


@pytest.fixture
def table(qtbot: QtBot) -> RunsTable:
    table = RunsTable()
    qtbot.addWidget(table)
    table.resize(300, 120)
    table.show()
    table.set_runs(RUNS, dict.fromkeys("abc", "#ff0000"), "a")
    qtbot.waitExposed(table)
    return table


def test_names_stay_where_they_are(qtbot: QtBot, table: RunsTable) -> None:
    bar = table.horizontalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    assert table.itemAt(QPoint(5, 5)).column() > 0
    names = table.names
    assert names.isVisible()
    assert [names.columnAt(5), names.isColumnHidden(1)] == [0, True]
    assert names.geometry().left() == table.frameWidth()
    assert names.width() == table.columnWidth(0)
    for row in range(3):
        assert names.rowViewportPosition(row) == table.rowViewportPosition(row)


def test_a_click_on_a_name_selects_its_row(qtbot: QtBot, table: RunsTable) -> None:
    names = table.names
    place = names.visualRect(names.model().index(1, 0)).center()
    qtbot.mouseClick(names.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert table.selected() == ["a"]


def test_a_click_on_its_header_sorts(qtbot: QtBot, table: RunsTable) -> None:
    header = table.names.horizontalHeader()
    for expected in (["a", "b", "c"], ["c", "b", "a"]):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(8, 5))
        assert [table.item(row, 0).text() for row in range(3)] == expected

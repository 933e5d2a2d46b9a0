"""The panel that writes the report: what it offers, and when what it wrote is out of date."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.ui.dock.section import Mark
from operando.ui.panels import report
from operando.ui.panels.report import ReportPanel
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study


@pytest.fixture
def session(study: Study) -> Iterator[Session]:
    path = study.path
    study.close()
    session = Session(ViewerModel())
    session.open_study(path)
    yield session
    session.close()


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> ReportPanel:
    panel = ReportPanel(session)
    qtbot.addWidget(panel, before_close_func=lambda panel: panel.close_panel())
    panel.show()
    return panel


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was asked to show."""
    shown: list[str] = []

    class Browser:
        @staticmethod
        def openUrl(url: object) -> bool:
            shown.append(url.toLocalFile())
            return True

    monkeypatch.setattr(report, "QDesktopServices", Browser)
    return shown


def test_without_a_study_nothing_is_offered(qtbot: QtBot) -> None:
    panel = ReportPanel(Session(ViewerModel()))
    qtbot.addWidget(panel)
    assert not panel.primary.isEnabled()
    assert not panel.show_button.isEnabled()
    assert panel.state() == (Mark.NOT_YET, "")


def test_one_click_writes_the_page_and_shows_it(
    qtbot: QtBot, panel: ReportPanel, session: Session, shown: list[str]
) -> None:
    page = session.study.path / "reports" / "report.html"
    assert not panel.show_button.isEnabled()
    panel.primary.click()
    assert panel.state()[0] is Mark.RUNNING
    assert not panel.primary.isEnabled()
    qtbot.waitUntil(lambda: not panel.is_busy)
    assert session.study.name in page.read_text()
    assert shown == [str(page)]
    assert panel.state() == (Mark.DONE, "report.html")
    panel.show_button.click()
    assert shown == [str(page)] * 2


def test_it_is_out_of_date_once_the_study_has_changed(
    qtbot: QtBot, panel: ReportPanel, session: Session, shown: list[str]
) -> None:
    panel.primary.click()
    qtbot.waitUntil(lambda: not panel.is_busy)
    os.utime(session.study.path / "reports" / "report.html", (0, 0))
    assert panel.state()[0] is Mark.OUT_OF_DATE
    panel.primary.click()
    qtbot.waitUntil(lambda: not panel.is_busy)
    assert panel.state()[0] is Mark.DONE
    curve = {"time_h": [0.0, 1.0], "voltage_v": [3.0, 4.0]}
    session.study.write_table("cycling", pd.DataFrame(curve))
    assert panel.state()[0] is Mark.OUT_OF_DATE, "the page shows no voltage yet"

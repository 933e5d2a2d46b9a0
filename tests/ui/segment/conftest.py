from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operando.ui.panels.segment import SegmentPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando.ui.session import Session


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[SegmentPanel]:
    """The panel, its parts below the main one unfolded."""
    panel = SegmentPanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    with qtbot.waitExposed(panel, timeout=180_000):
        panel.show()
    panel.judge.header.setChecked(True)
    panel.mend.header.setChecked(True)
    yield panel
    panel.close_panel()

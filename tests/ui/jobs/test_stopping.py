from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtWidgets import QMessageBox, QWidget

from operando.steps import STEPS
from operando.ui.jobs.stopping import may_stop

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando.ui.session import Session


@pytest.mark.parametrize(
    ("button", "may"),
    [(QMessageBox.StandardButton.No, False), (QMessageBox.StandardButton.Yes, True)],
)
def test_it_asks_before_a_running_job_is_stopped(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch, button: Any, may: bool
) -> None:
    asked: list[str] = []

    def answer(parent: Any, title: str, text: str) -> QMessageBox.StandardButton:
        asked.append(text)
        return button

    monkeypatch.setattr(QMessageBox, "question", answer)
    window = QWidget()
    qtbot.addWidget(window)
    assert may_stop(session, window)
    assert asked == []
    session.run(STEPS["strain"](spacing=16))
    assert may_stop(session, window) is may
    assert asked == ["Strain is still running. Stop it and close?"]

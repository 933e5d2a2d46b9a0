from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from operando.ui.dock.section import Mark, Section

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_click_opens_the_panel_in_place(qtbot: QtBot) -> None:
    panel = QLabel("panel")
    section = Section("Strain", panel)
    qtbot.addWidget(section)
    section.show()
    assert not panel.isVisible()
    with qtbot.waitSignal(section.toggled):
        qtbot.mouseClick(section.header, Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    section.set_open(False)
    assert not panel.isVisible()


def test_the_keyboard_opens_it_too(qtbot: QtBot) -> None:
    section = Section("Strain", QLabel())
    qtbot.addWidget(section)
    section.show()
    qtbot.keyClick(section.header, Qt.Key.Key_Space)
    assert section.is_open


def test_results_that_do_not_fit_are_in_the_tooltip(qtbot: QtBot) -> None:
    section = Section("Strain", QLabel())
    qtbot.addWidget(section)
    text = "a long result " * 20
    section.header.set_state(Mark.DONE, text)
    assert section.header.toolTip() == text
    assert section.minimumSizeHint().width() < 250

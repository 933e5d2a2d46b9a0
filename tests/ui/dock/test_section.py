from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QLabel

from operando.ui.dock.section import Mark, Section, readable

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


@pytest.mark.parametrize("mark", [Mark.RUNNING, Mark.DONE, Mark.OUT_OF_DATE, Mark.FAILED])
@pytest.mark.parametrize(("back", "front"), [("#ebe7e7", "#2f2a2a"), ("#262930", "#f0f1f2")])
def test_marks_stand_out_from_light_and_dark_themes(mark: Mark, back: str, front: str) -> None:
    colour = readable(QColor(mark.value[1]), QColor(front))
    dark, light = sorted(map(luminance, (colour, QColor(back))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: QColor) -> float:
    """Relative luminance as WCAG 2 defines it."""
    shares = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), shares, strict=True))


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()

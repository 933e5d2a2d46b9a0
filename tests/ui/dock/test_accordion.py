from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from operando.ui.dock.accordion import Accordion, reveal
from operando.ui.dock.section import Section

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def accordion(qtbot: QtBot) -> Accordion:
    sections = []
    for k, height in enumerate((50, 300, 900)):
        panel = QWidget()
        panel.setFixedHeight(height)
        sections.append(Section(f"step {k}", panel))
    accordion = Accordion(sections)
    qtbot.addWidget(accordion)
    accordion.resize(300, 400)
    accordion.show()
    return accordion


def top(accordion: Accordion, k: int) -> int:
    """Where the line of a section is in what is seen."""
    return accordion.sections[k].header.mapTo(accordion.viewport(), QPoint(0, 0)).y()


def test_opening_one_closes_the_others(accordion: Accordion) -> None:
    accordion.open("step 1")
    assert [s.is_open for s in accordion.sections] == [False, True, False]
    accordion.sections[0].header.click()
    assert [s.is_open for s in accordion.sections] == [True, False, False]


def test_a_section_that_fits_is_seen_whole_and_a_long_one_from_its_line(
    qtbot: QtBot, accordion: Accordion
) -> None:
    accordion.open("step 2")
    qtbot.waitUntil(lambda: top(accordion, 2) == 0)
    accordion.sections[1].header.click()
    section = accordion.sections[1]
    bottom = accordion.viewport().height()
    qtbot.waitUntil(lambda: 0 <= top(accordion, 1) <= bottom - section.height())


def test_what_comes_below_the_fold_is_scrolled_into_view(
    qtbot: QtBot, accordion: Accordion
) -> None:
    panel = accordion.sections[2].panel
    column = QVBoxLayout(panel)
    column.addStretch()
    result = QLabel("a result")
    column.addWidget(result)
    reveal(result)
    accordion.open("step 2")
    qtbot.waitUntil(lambda: top(accordion, 2) == 0)
    assert result.visibleRegion().isEmpty()
    reveal(result)
    qtbot.waitUntil(lambda: result.visibleRegion().boundingRect() == result.rect())
    reveal(QLabel("nowhere"))

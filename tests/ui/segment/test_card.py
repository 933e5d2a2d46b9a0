from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from operando.segment import pretrained
from operando.ui.panels.segment import SegmentPanel
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study


@pytest.fixture
def panel(qtbot: QtBot, study: Study) -> Iterator[SegmentPanel]:
    session = Session(ViewerModel())
    session.show_study(study)
    panel = SegmentPanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    panel.show()
    panel.judge.header.setChecked(True)
    yield panel
    panel.close_panel()
    session.close()


def test_a_click_shows_the_card_of_the_model(
    qtbot: QtBot, panel: SegmentPanel, study: Study
) -> None:
    assert not panel.judge.isVisible()
    pretrained().save(study.product_path("models/model"))
    panel.refresh()
    qtbot.mouseClick(panel.card.button, Qt.MouseButton.LeftButton)
    assert panel.card.dialog.isVisible()
    text = panel.card.page.toPlainText()
    assert "Segmentation model: pore, binder, particle" in text
    assert "What it is not for" in text


def test_a_damaged_model_is_said_to_be_so(qtbot: QtBot, panel: SegmentPanel, study: Study) -> None:
    pretrained().save(study.product_path("models/model"))
    (study.product_path("models/model") / "model.json").write_text("{")
    panel.refresh()
    qtbot.mouseClick(panel.card.button, Qt.MouseButton.LeftButton)
    assert "damaged" in panel.card.error.text()
    assert not panel.card.dialog.isVisible()

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from operando.segment import pretrained
from operando.segment.models.bioimage import import_package

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


def test_a_click_shows_the_card_of_the_model(
    qtbot: QtBot, panel: SegmentPanel, study: Study
) -> None:
    assert not panel.judge.isVisible()
    pretrained().save(study.product_path("models/model"))
    panel.refresh()
    qtbot.mouseClick(panel.judge.card.button, Qt.MouseButton.LeftButton)
    assert panel.judge.card.dialog.isVisible()
    text = panel.judge.card.page.toPlainText()
    assert "Segmentation model: pore, binder, particle" in text
    assert "What it is not for" in text


def test_the_model_is_passed_on_as_a_package(
    qtbot: QtBot,
    panel: SegmentPanel,
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = pretrained()
    model.save(study.product_path("models/model"))
    panel.refresh()
    qtbot.mouseClick(panel.judge.card.button, Qt.MouseButton.LeftButton)
    package = tmp_path / "passed-on.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(package), ""))
    qtbot.mouseClick(panel.judge.card.share, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.judge.card.said.isVisible, timeout=180_000)
    assert panel.judge.card.said.text() == f"Wrote {package}"
    assert import_package(package).classes == model.classes
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "a.zip"), "")
    )
    qtbot.mouseClick(panel.judge.card.share, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be written" in panel.judge.card.said.text(), timeout=180_000)
    assert panel.judge.card.share.isEnabled()


def test_a_damaged_model_is_said_to_be_so(qtbot: QtBot, panel: SegmentPanel, study: Study) -> None:
    pretrained().save(study.product_path("models/model"))
    (study.product_path("models/model") / "model.json").write_text("{")
    panel.refresh()
    qtbot.mouseClick(panel.judge.card.button, Qt.MouseButton.LeftButton)
    assert "damaged" in panel.judge.card.error.text()
    assert not panel.judge.card.dialog.isVisible()


def test_the_card_goes_with_the_study(qtbot: QtBot, panel: SegmentPanel, study: Study) -> None:
    pretrained().save(study.product_path("models/model"))
    panel.refresh()
    qtbot.mouseClick(panel.judge.card.button, Qt.MouseButton.LeftButton)
    assert panel.judge.card.dialog.isVisible()
    panel.session.close_study()
    panel.refresh()
    assert not panel.judge.card.dialog.isVisible()

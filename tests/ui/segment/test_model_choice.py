"""Bringing a model of another study in, and segmenting with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtWidgets import QFileDialog

from operando.segment import pretrained
from operando.segment.models.bioimage import export_package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def panel(panel: SegmentPanel) -> SegmentPanel:
    """The panel as it is in its dock: it follows what jobs write."""
    panel.session.products_changed.connect(panel.refresh)
    return panel


@pytest.mark.parametrize("kind", ["package", "folder"])
def test_a_model_is_brought_in_under_a_free_name(
    qtbot: QtBot,
    panel: SegmentPanel,
    study: Study,
    trained: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
) -> None:
    panel.form.more.click()
    assert panel.model.isVisible()
    assert panel.model.choice.currentText() == "no model yet"
    trained(study, "theirs", "", 0.5)
    theirs = tmp_path / ("theirs.zip" if kind == "package" else "theirs")
    if kind == "package":
        export_package(pretrained(), theirs)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(theirs), ""))
    else:
        pretrained().save(theirs)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(theirs))
    panel.model.bring_in.menu().actions()[kind == "folder"].trigger()
    session = panel.session
    qtbot.waitUntil(lambda: session.poll() or not session.is_busy, timeout=180_000)
    assert session.job.error == ""
    assert study.products("models") == ["theirs", "theirs 2"]
    assert panel.model.value() == "theirs 2"
    assert panel.segment_only.isVisible()

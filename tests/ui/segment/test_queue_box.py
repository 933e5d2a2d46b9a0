from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import Qt

from operando.steps import STEPS
from operando.ui.segment.queue_box import queue_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def panel(panel: SegmentPanel) -> SegmentPanel:
    """The panel as it is in its dock: it follows the jobs."""
    panel.session.job_changed.connect(panel.refresh_job)
    return panel


def rows(panel: SegmentPanel) -> list[str]:
    return [panel.queue.places.item(k).text() for k in range(panel.queue.places.count())]


def test_values_to_try_wait_in_a_queue_that_can_be_changed(
    qtbot: QtBot, panel: SegmentPanel
) -> None:
    panel.form.setValue(STEPS["train"](settings={"effort": "quick"}, device="cpu"))
    assert panel.queue.isHidden()
    panel.several.text.setText("width 8, wide")
    assert "'wide'" in panel.several.note.text()
    panel.several.text.setText("width 4, 8; seed 0, 1")
    assert panel.primary.text() == "Train 4 models"
    qtbot.mouseClick(panel.primary, Qt.MouseButton.LeftButton)
    assert panel.session.job.step.model == "model"
    assert rows(panel) == [
        "Train model 2 · effort quick, width 4, seed 1",
        "Train model 3 · effort quick, width 8",
        "Train model 4 · effort quick, width 8, seed 1",
    ]
    panel.several.text.setText("")
    qtbot.mouseClick(panel.queue.add, Qt.MouseButton.LeftButton)
    assert rows(panel)[-1] == "Train model 5 · effort quick, then segment"

    panel.queue.places.setCurrentRow(1)
    qtbot.mouseClick(panel.queue.take_out, Qt.MouseButton.LeftButton)
    assert [text.split(" · ")[0] for text in rows(panel)] == [
        "Train model 2",
        "Train model 4",
        "Train model 5",
    ]
    qtbot.mouseClick(panel.queue.clear, Qt.MouseButton.LeftButton)
    assert rows(panel) == []
    assert panel.session.is_busy, "what runs goes on"
    panel.session.cancel()
    qtbot.waitUntil(lambda: panel.session.poll() or not panel.session.is_busy, timeout=30_000)
    assert panel.queue.isHidden()


def test_what_waits_is_said_in_words() -> None:
    train = STEPS["train"](model="model 3", settings={"network": "forest"})
    assert queue_text((train,)) == "Train model 3 · network forest"
    assert queue_text((STEPS["segment"](model="a"),)) == "Segment a"

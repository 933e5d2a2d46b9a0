from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.data.classes import DEFAULT_CLASSES
from operando.steps import STEPS
from operando.study.phases import create_phases, open_phases
from operando.ui.layers.difference import DIFFERENCE_NAME

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot
    from qtpy.QtWidgets import QPushButton

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def study(study: Study) -> Study:
    """All is pore but an island of 8 voxels of the second class in frame 1."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    truth = np.ones(labels.shape, np.uint8)
    truth[1, 10:12, 10:12, 10:12] = 2
    labels[:] = truth
    probabilities[:, 0], probabilities[:, 1] = 150, 105
    return study


def click_and_wait(qtbot: QtBot, panel: SegmentPanel, button: QPushButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    panel.refresh_job()
    assert not panel.mend.repair.isEnabled()
    assert not panel.mend.steady.isEnabled()

    def finished() -> bool:
        panel.session.poll()
        return not panel.session.is_busy

    qtbot.waitUntil(finished, timeout=120_000)
    panel.refresh()


def test_a_repair_is_kept_apart_and_its_difference_shown(qtbot: QtBot, panel: SegmentPanel) -> None:
    study = panel.session.study
    assert study is not None
    assert panel.mend.text.isHidden()
    click_and_wait(qtbot, panel, panel.mend.repair)
    repaired, _, _ = open_phases(study.product_path("phases/phases_repaired"))
    assert (np.asarray(repaired) == 1).all()
    assert np.count_nonzero(np.asarray(study.open_array("phases/phases")) == 2) == 8
    assert "1 island removed" in panel.mend.text.text()
    assert "phases_repaired" in panel.mend.text.text()
    layer = panel.session.viewer.layers[DIFFERENCE_NAME]
    assert np.count_nonzero(np.asarray(layer.data[1])) == 8
    assert panel.mend.form.field("phases").count() == 2


def test_a_repaired_one_can_be_repaired_again(qtbot: QtBot, panel: SegmentPanel) -> None:
    study, form = panel.session.study, panel.mend.form
    assert study is not None
    click_and_wait(qtbot, panel, panel.mend.repair)
    form.field("phases").setValue("phases_repaired")
    click_and_wait(qtbot, panel, panel.mend.repair)
    assert study.products("phases") == ["phases", "phases_repaired", "phases_repaired_repaired"]
    assert "0 islands removed" in panel.mend.text.text()


def test_steadying_tells_how_much_flickers(qtbot: QtBot, panel: SegmentPanel) -> None:
    click_and_wait(qtbot, panel, panel.mend.steady)
    assert "flicker" in panel.mend.text.text()
    assert "phases_steady" in panel.mend.text.text()
    assert panel.judge.difference.other.currentText() == "of this study: phases_steady"


def test_phases_to_choose_from_are_those_of_the_segmentation(panel: SegmentPanel) -> None:
    field = panel.mend.form.field("bridge_phase")
    names = ["none", *(c.name for c in DEFAULT_CLASSES)]
    assert [field.itemText(i) for i in range(field.count())] == names


def test_steadying_takes_its_settings_from_under_more(qtbot: QtBot, panel: SegmentPanel) -> None:
    mend = panel.mend
    motion = mend.steady_form.field("motion")
    assert not motion.isVisible()
    mend.form.more.click()
    assert motion.isVisible()
    motion.setValue("none")
    mend.steady_form.field("limit").setValue(0.7)
    mend.asked.disconnect()
    with qtbot.waitSignal(mend.asked) as heard:
        mend.steady.click()
    wanted = STEPS["steady"](motion="none", limit=0.7, phases="phases", result="phases_steady")
    assert heard.args == [[wanted]]

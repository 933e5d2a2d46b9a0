from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.data.classes import DEFAULT_CLASSES
from operando.study.phases import create_phases
from operando.ui.navigation import go_to_frame

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def study(study: Study) -> Study:
    """Frame 0 is all pore; half of frame 1 is the second phase."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    truth = np.ones(labels.shape, np.uint8)
    truth[1, :, :32] = 2
    labels[:] = truth
    probabilities[:] = np.stack(
        [255 * (truth == k + 1) for k in range(len(DEFAULT_CLASSES))], 1
    ).astype(np.uint8)
    return study


def test_a_click_measures_and_the_frame_in_view_is_shown(qtbot: QtBot, panel: SegmentPanel) -> None:
    box, session = panel.judge.connectivity, panel.session
    assert not box.text.isVisible()
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)

    panel.refresh_job()
    assert not box.button.isEnabled()

    def finished() -> bool:
        session.poll()
        return not session.is_busy

    qtbot.waitUntil(finished, timeout=180_000)
    panel.refresh()
    assert "frame 0" in box.text.text()
    assert "–" in box.text.text(), "a phase that is not there percolates nowhere"
    go_to_frame(session.viewer, 1)
    assert "frame 1" in box.text.text()
    plane = 32 * 64 * session.study.voxel_size[0] ** 2
    assert f"{plane:.0f} µm²" in box.text.text()

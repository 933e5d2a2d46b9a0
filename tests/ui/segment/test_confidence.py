from __future__ import annotations

from shutil import rmtree
from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.data.classes import DEFAULT_CLASSES
from operando.study.phases import create_phases
from operando.ui.layers.confidence import CONFIDENCE_NAME

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def study(study: Study) -> Study:
    """All is the second class, with a probability of 51 / 255."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    labels[:] = 2
    probabilities[:, 1] = 51
    return study


def test_a_click_shows_confidence_below_the_strokes(qtbot: QtBot, panel: SegmentPanel) -> None:
    layers = panel.session.viewer.layers
    assert CONFIDENCE_NAME not in layers
    qtbot.mouseClick(panel.judge.confidence.button, Qt.MouseButton.LeftButton)
    layer = layers[CONFIDENCE_NAME]
    np.testing.assert_allclose(np.asarray(layer.data[1, 3]), 20, rtol=1e-6)
    assert layer.colorbar.visible
    assert layer.units == layers[0].units
    assert [x.name for x in layers][-2:] == [CONFIDENCE_NAME, "strokes"]

    layer.visible = False
    qtbot.mouseClick(panel.judge.confidence.button, Qt.MouseButton.LeftButton)
    assert layer.visible
    assert sum(x.name == CONFIDENCE_NAME for x in layers) == 1


def test_it_follows_a_new_segmentation_and_goes_with_the_study(
    qtbot: QtBot, panel: SegmentPanel
) -> None:
    session = panel.session
    qtbot.mouseClick(panel.judge.confidence.button, Qt.MouseButton.LeftButton)
    path = session.study.product_path("phases/phases")
    rmtree(path)
    labels, probabilities = create_phases(path, session.study.series, DEFAULT_CLASSES)
    labels[:] = 1
    probabilities[:, 0] = 255
    session.products_changed.emit("segment")
    assert (session.viewer.layers[CONFIDENCE_NAME].data[0, 0] == 100).all()
    session.close_study()
    assert len(session.viewer.layers) == 0

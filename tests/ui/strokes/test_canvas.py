"""Mouse and keyboard in the real canvas, where strokes are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from operando.ui.contributions import open_dock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from operando import Study


def test_keys_and_mouse_paint_and_undo(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, study: Study
) -> None:
    viewer = make_napari_viewer(show=True)
    session = open_dock(viewer).session
    session.show_study(study)
    qtbot.wait(200)
    canvas = viewer.window._qt_viewer.canvas.native
    layer, before = session.painter.layer, np.array(study.strokes().array)
    QTest.keyClick(canvas, Qt.Key.Key_2)
    assert layer.selected_label == 2
    assert layer.mode == "paint"
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(canvas, middle + QPoint(10, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(10, 0))
    painted = study.strokes().array != before
    assert painted.any()
    assert np.all(study.strokes().array[painted] == 2)
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(study.strokes().array, before)

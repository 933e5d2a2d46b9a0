from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils._proxies import PublicOnlyProxy
from qtpy.QtCore import Qt

from operando.data import LabelClass
from operando.ui.segment.paint_twice import LAYER_NAME, PaintTwiceBox
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study


@pytest.fixture
def session(study: Study) -> Iterator[Session]:
    """A session in a viewer as napari hands it to plugins."""
    session = Session(PublicOnlyProxy(ViewerModel()))
    session.show_study(study)
    yield session
    session.close()


@pytest.fixture
def box(qtbot: QtBot, session: Session) -> Iterator[PaintTwiceBox]:
    box = PaintTwiceBox(session)
    for widget in (box, box.button):
        qtbot.addWidget(widget)
        widget.show()
    box.refresh()
    yield box
    box.close_box()


def painted(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Places and classes of the first strokes."""
    places = np.argwhere(study.strokes().array)
    return places, study.strokes().array[tuple(places.T)]


def test_strokes_painted_again_are_compared(qtbot: QtBot, box: PaintTwiceBox, study: Study) -> None:
    viewer, first = box._session.viewer, box._session.painter
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    layer = viewer.layers[LAYER_NAME]
    assert viewer.layers.selection.active == layer
    assert layer.mode == "paint"
    assert not first.layer.visible
    assert "hidden now" in box.text.text()

    places, labels = painted(study)
    own = first.strokes.voxel_counts()
    layer.data_setitem(tuple(places[:4].T), labels[:4])
    assert "agree to 100.0 %" in box.text.text()
    other = np.where(labels[4:8] == 1, 2, 1)
    layer.data_setitem(tuple(places[4:8].T), other)
    assert "agree to 50.0 %" in box.text.text()
    assert "8 voxels" in box.text.text()
    box.painter.undo()
    assert "agree to 100.0 %" in box.text.text()
    assert first.strokes.voxel_counts() == own, "the first strokes are left alone"

    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert first.layer.visible
    assert not layer.visible


def test_they_are_there_when_the_study_is_opened_again(
    qtbot: QtBot, box: PaintTwiceBox, study: Study
) -> None:
    session = box._session
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    places, labels = painted(study)
    box.painter.layer.data_setitem(tuple(places[:4].T), labels[:4])
    session.close_study()
    assert len(session.viewer.layers) == 0
    assert box.text.isHidden()
    session.open_study(study.path)
    box.refresh()
    assert "agree to 100.0 %" in box.text.text()
    assert not box.button.isChecked()


def test_it_ends_when_the_first_strokes_are_taken(box: PaintTwiceBox) -> None:
    viewer, first = box._session.viewer, box._session.painter
    box.button.click()
    viewer.layers.selection.active = first.layer
    assert not box.button.isChecked()
    assert first.layer.visible
    assert not viewer.layers[LAYER_NAME].visible


def test_it_ends_when_its_layer_is_deleted_and_can_be_taken_up_again(box: PaintTwiceBox) -> None:
    viewer, first = box._session.viewer, box._session.painter
    box.button.click()
    box.painter.layer.paint((0, 3, 10, 10), 1)
    viewer.layers.remove(LAYER_NAME)
    assert not box.button.isChecked()
    assert first.layer.visible
    box.button.click()
    assert viewer.layers.selection.active == viewer.layers[LAYER_NAME]
    assert box.painter.counts.voxels


def test_a_class_that_was_removed_is_told(box: PaintTwiceBox) -> None:
    first = box._session.painter
    classes = first.strokes.classes
    extra = LabelClass("gas", "#ffffff")
    box.button.click()
    box.button.click()
    first.set_classes([*classes, extra])
    box.button.click()
    box.painter.layer.paint((0, 3, 10, 10), 4)
    box.button.click()
    first.set_classes(classes)
    box.button.click()
    assert not box.button.isChecked()
    assert first.layer.visible
    assert "a class that is not there any more" in box.text.text()
    first.set_classes([*classes, extra])
    box.button.click()
    assert box.button.isChecked()
    assert "hidden now" in box.text.text() or "agree" in box.text.text()

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSize
from qtpy.QtGui import QIcon

from operando.files import write_tiff
from operando.ui.dock.section import Mark
from operando.ui.panels.annotate import AnnotatePanel, summarise
from operando.ui.segment.paint_twice import PaintTwiceBox
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.strokes.painter import StrokePainter


@pytest.fixture
def session(study: Study) -> Iterator[Session]:
    session = Session(ViewerModel())
    study.strokes().undo()
    session.show_study(study)
    yield session
    session.close()


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[AnnotatePanel]:
    panel = AnnotatePanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    session.strokes_changed.connect(panel.refresh)
    panel.show()
    yield panel
    panel.close_panel()


@pytest.fixture
def painter(panel: AnnotatePanel, session: Session) -> StrokePainter:
    assert session.painter is not None
    return session.painter


def test_it_says_what_to_paint_next(panel: AnnotatePanel, painter: StrokePainter) -> None:
    assert "few short strokes" in panel.hint.text()
    assert panel.state() == (Mark.NOT_YET, "")
    painter.layer.paint((0, 3, 10, 10), 1)
    assert "Still without a stroke: binder, particle." in panel.hint.text()
    assert panel.state() == (Mark.NOT_YET, "1 class on 1 slice")
    painter.layer.paint((0, 3, 30, 10), 2)
    painter.layer.paint((0, 3, 50, 10), 3)
    assert "another slice" in panel.hint.text()
    painter.layer.paint((0, 9, 50, 10), 3)
    assert "another frame" in panel.hint.text()
    painter.layer.paint((1, 9, 50, 10), 3)
    assert "Enough to train" in panel.hint.text()
    assert panel.state() == (Mark.DONE, "3 classes on 3 slices")


def test_a_class_called_unused_is_not_asked_for(
    panel: AnnotatePanel, painter: StrokePainter
) -> None:
    painter.layer.paint((0, 3, 10, 10), 1)
    painter.layer.paint((0, 3, 50, 10), 3)
    assert "Still without a stroke: binder." in panel.hint.text()
    panel.classes.renamed.emit(2, "Unused")
    assert painter.strokes.classes[1].name == "Unused"
    assert painter.unpainted == []
    assert "another slice" in panel.hint.text()


def test_counts_are_shown_by_class(panel: AnnotatePanel, painter: StrokePainter) -> None:
    painter.layer.brush_size = 1
    painter.layer.paint((0, 3, 10, 10), 2)
    texts = [row.voxels.text() for row in panel.classes.rows]
    assert texts == ["none yet", "1 voxel", "none yet"]
    panel.undo.click()
    assert panel.classes.rows[1].voxels.text() == "none yet"
    assert not panel.undo.isEnabled()
    panel.redo.click()
    assert panel.classes.rows[1].voxels.text() == "1 voxel"


def test_a_click_chooses_the_class_and_takes_the_brush(
    panel: AnnotatePanel, painter: StrokePainter
) -> None:
    panel.classes.rows[2].radio.click()
    assert painter.label == 3
    assert painter.layer.mode == "paint"
    painter.choose(2)
    assert [row.radio.isChecked() for row in panel.classes.rows] == [False, True, False]
    panel.tools.modes["erase"].click()
    assert painter.layer.mode == "erase"
    painter.layer.mode = "pan_zoom"
    assert panel.tools.modes["pan_zoom"].isChecked()


def test_brush_and_reach_follow_the_layer_both_ways(
    panel: AnnotatePanel, painter: StrokePainter
) -> None:
    panel.tools.brush.setValue(23)
    assert painter.layer.brush_size == 23
    painter.layer.brush_size = 7
    assert (panel.tools.brush.value(), panel.tools.slider.value()) == (7, 7)
    panel.tools.reach.setValue(3)
    assert painter.layer.n_edit_dimensions == 3


def test_classes_are_added_renamed_and_removed(
    panel: AnnotatePanel, painter: StrokePainter
) -> None:
    panel.classes.add.click()
    assert [c.name for c in painter.strokes.classes] == ["pore", "binder", "particle", "class 4"]
    assert painter.label == 4
    panel.classes.rows[3].name.setText("separator")
    panel.classes.rows[3].name.editingFinished.emit()
    assert painter.strokes.classes[3].name == "separator"
    painter.layer.paint((0, 3, 10, 10), 4)
    panel.refresh()
    panel.classes.rows[3].remove.click()
    assert len(painter.strokes.classes) == 4
    assert "erase its strokes" in panel.classes.rows[3].remove.toolTip()
    painter.undo()
    panel.refresh()
    panel.classes.rows[3].remove.click()
    assert len(painter.strokes.classes) == 3
    assert not panel.error.isVisible()


def test_a_class_above_others_goes_while_nothing_is_painted(
    panel: AnnotatePanel, painter: StrokePainter
) -> None:
    while painter.strokes.can_undo:
        painter.undo()
    panel.refresh()
    panel.classes.rows[1].remove.click()
    assert [c.name for c in painter.strokes.classes] == ["pore", "particle"]
    assert [row.name.text() for row in panel.classes.rows] == ["pore", "particle"]


def test_two_classes_of_one_name_are_refused(panel: AnnotatePanel, painter: StrokePainter) -> None:
    panel.classes.rows[0].name.setText("binder")
    panel.classes.rows[0].name.editingFinished.emit()
    assert "Two classes" in panel.error.text()
    assert panel.classes.rows[0].name.text() == "pore"


def test_strokes_are_imported(
    qtbot: QtBot, panel: AnnotatePanel, painter: StrokePainter, tmp_path: Path
) -> None:
    labels = np.zeros(painter.strokes.array.shape, np.uint8)
    labels[1, 4, 5:9, 5:9] = 3
    write_tiff(tmp_path / "strokes.tif", labels)
    panel.import_strokes(tmp_path / "strokes.tif")
    qtbot.waitUntil(lambda: panel.classes.rows[2].voxels.text() == "16 voxels")
    assert np.array_equal(painter.strokes.array, labels)
    assert painter.layer.editable


def test_strokes_of_another_size_are_refused(
    qtbot: QtBot, panel: AnnotatePanel, painter: StrokePainter, tmp_path: Path
) -> None:
    write_tiff(tmp_path / "strokes.tif", np.ones((1, 2, 8, 8), np.uint8))
    panel.import_strokes(tmp_path / "strokes.tif")
    qtbot.waitUntil(panel.error.isVisible)
    assert "voxels (t, z, y, x)" in panel.error.text()
    assert not painter.strokes.array.any()


@pytest.fixture
def twice(qtbot: QtBot, painter: StrokePainter, session: Session) -> Iterator[PaintTwiceBox]:
    """What paints a slice again that has one stroke."""
    painter.layer.paint((0, 3, 10, 10), 1)
    box = PaintTwiceBox(session)
    for widget in (box, box.button):
        qtbot.addWidget(widget)
    box.refresh()
    yield box
    box.close_box()


def test_undo_acts_on_the_strokes_that_are_seen_while_a_slice_is_painted_again(
    panel: AnnotatePanel, painter: StrokePainter, twice: PaintTwiceBox
) -> None:
    before = painter.counts.voxels
    twice.button.click()
    assert not panel.undo.isEnabled()
    panel.classes.rows[1].radio.click()
    assert twice.painter.label == 2
    panel.tools.brush.setValue(1)
    twice.painter.layer.paint((0, 3, 10, 10), 2)
    assert panel.classes.rows[1].voxels.text() == "1 voxel"
    panel.undo.click()
    assert not twice.painter.counts.voxels
    panel.redo.click()
    assert twice.painter.counts.voxels == {2: 1}
    twice.button.click()
    panel.undo.click()
    assert before
    assert not painter.counts.voxels
    assert twice.agreement().voxels == 0


def test_classes_are_only_chosen_while_a_slice_is_painted_again(
    panel: AnnotatePanel, painter: StrokePainter, twice: PaintTwiceBox
) -> None:
    row = panel.classes.rows[2]
    edits = (panel.classes.add, panel.load, row.name, row.swatch, row.remove)
    assert all(widget.isEnabled() for widget in edits)
    twice.button.click()
    assert not any(widget.isEnabled() for widget in edits)
    assert "Classes can be changed" in panel.hint.text()
    colour = row.swatch.icon().pixmap(QSize(8, 8), QIcon.Mode.Disabled).toImage().pixelColor(4, 4)
    assert colour.name() == painter.strokes.classes[2].colour
    twice.button.click()
    assert all(widget.isEnabled() for widget in edits)


def test_the_place_is_told(panel: AnnotatePanel, session: Session) -> None:
    session.viewer.dims.current_step = (1, 12, 0, 0)
    assert panel.place.text() == "Now at frame 1 of 0–1 (1.00 h), slice z 12 of 0–31"


def test_without_a_study_there_is_nothing_to_paint(panel: AnnotatePanel, session: Session) -> None:
    session.close_study()
    panel.refresh()
    assert panel.hint.text() == "Open a study first."
    assert not panel.classes.isVisible()


@pytest.mark.parametrize(
    ("frames", "text"),
    [(1, "12 voxels painted on 2 slices."), (3, "12 voxels painted on 2 slices in 1 frame.")],
)
def test_frames_are_counted_where_there_are_several(frames: int, text: str) -> None:
    counts = SimpleNamespace(voxels={1: 5, 2: 7}, slices=[(0, 3), (0, 4)])
    strokes = SimpleNamespace(array=np.zeros((frames, 5, 4, 4), np.uint8))
    assert summarise(SimpleNamespace(counts=counts, strokes=strokes)) == text

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.data import PARTICLE_COLUMNS
from operando.data.classes import DEFAULT_CLASSES
from operando.steps import STEPS, run_step
from operando.study.phases import create_phases
from operando.study.record import Entry
from operando.ui.layers.difference import DIFFERENCE_NAME
from operando.ui.layers.study_results import StudyParticles
from operando.ui.navigation import go_to_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.panels.segment import SegmentPanel


@pytest.fixture
def study(study: Study) -> Study:
    """All is the first class."""
    labels, _ = create_phases(study.product_path("phases/phases"), study.series, DEFAULT_CLASSES)
    labels[:] = 1
    return study


def by_hand(panel: SegmentPanel) -> np.ndarray:
    """A quarter of frame 1 is the second class, half of it is not labelled."""
    data = np.ones((2, 32, 64, 64), np.uint8)
    data[1, :16] = 0
    data[1, 16:24] = 2
    panel.session.viewer.add_labels(data, name="by hand", **panel.session.layers.placement)
    return data


def test_it_asks_for_something_to_compare_with(panel: SegmentPanel) -> None:
    assert panel.judge.difference.isHidden()
    panel.session.viewer.add_labels(np.ones((2, 5, 5, 5), np.uint8), name="of another size")
    assert panel.judge.difference.isHidden()
    by_hand(panel)
    assert not panel.judge.difference.isHidden()
    assert panel.judge.difference.other.currentText() == "by hand"


def test_a_click_shows_where_a_layer_differs_and_how_much(
    qtbot: QtBot, panel: SegmentPanel
) -> None:
    box, viewer = panel.judge.difference, panel.session.viewer
    by_hand(panel)
    go_to_frame(viewer, 0)
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Frame 0: 0.00 %" in box.text.text())
    go_to_frame(viewer, 1)
    # half of the labelled voxels differ: Dice of the first class is 2 * 8 / (8 + 16)
    qtbot.waitUntil(lambda: "Frame 1: 50.00 %" in box.text.text())
    assert "pore 0.667, binder 0.000, particle –" in box.text.text()
    layer = viewer.layers[DIFFERENCE_NAME]
    assert (np.asarray(layer.data[1, 16:24]) == 2).all()
    assert not np.asarray(layer.data[1, :16]).any()
    assert viewer.layers[-1].name == "strokes"

    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert sum(x.name.startswith(DIFFERENCE_NAME) for x in viewer.layers) == 1
    viewer.layers.remove(viewer.layers[DIFFERENCE_NAME])
    assert not box.text.isVisible()


def test_another_segmentation_of_the_study_must_have_the_same_classes(
    qtbot: QtBot, panel: SegmentPanel
) -> None:
    box, study = panel.judge.difference, panel.session.study
    create = [("earlier", DEFAULT_CLASSES), ("two", DEFAULT_CLASSES[:2])]
    for name, classes in create:
        labels, _ = create_phases(study.product_path(f"phases/{name}"), study.series, classes)
        labels[:] = 3
    panel.refresh()
    box.other.setCurrentText("of this study: two")
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert "not pore, binder, particle" in box.text.text()
    assert box.layer is None
    box.other.setCurrentText("of this study: earlier")
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "100.00 %" in box.text.text())
    panel.session.close_study()
    assert DIFFERENCE_NAME not in panel.session.viewer.layers


def test_the_other_is_shown_beside_the_segmentation(qtbot: QtBot, panel: SegmentPanel) -> None:
    box, viewer = panel.judge.difference, panel.session.viewer
    data = by_hand(panel)
    before = list(viewer.layers)
    qtbot.mouseClick(box.beside, Qt.MouseButton.LeftButton)
    images, other = (layer for layer in viewer.layers if layer not in before)
    np.testing.assert_array_equal(other.data[1], data[1])
    own = panel.session.layers.image
    assert other.extent.world[0, -1] > own.extent.world[1, -1]
    np.testing.assert_allclose(other.extent.world, images.extent.world)
    np.testing.assert_allclose(other.extent.world[:, :3], own.extent.world[:, :3])
    assert list(viewer.dims.nsteps)[:2] == [2, 32], "one slider for both"
    assert other.units == own.units
    qtbot.mouseClick(box.beside, Qt.MouseButton.LeftButton)
    assert set(viewer.layers) == set(before)

    qtbot.mouseClick(box.beside, Qt.MouseButton.LeftButton)
    viewer.layers.remove(viewer.layers[-2])
    assert not box.beside.isChecked()
    assert set(viewer.layers) == set(before)
    qtbot.mouseClick(box.beside, Qt.MouseButton.LeftButton)
    panel.session.close_study()
    assert [layer.name for layer in viewer.layers] == ["by hand"]


def test_beside_it_are_the_images_that_were_segmented(panel: SegmentPanel) -> None:
    """Labels of aligned images lie elsewhere in those as recorded."""
    study, layers = panel.session.study, panel.session.layers
    run_step(study, STEPS["denoise"]())
    layers.update("denoise")
    (product,) = study.image_sets[1:]
    made = Entry(step="segment", settings={"images": product}, outputs=("phases/phases",))
    study.add_entry(made)
    by_hand(panel)
    panel.judge.difference.beside.setChecked(True)
    (copy,) = [x for x in panel.session.viewer.layers if x.name == "images of by hand"]
    np.testing.assert_array_equal(copy.data[1, 3], study.image_series(product).data[1, 0, 3])
    assert (np.asarray(copy.data) != np.asarray(layers.image.data)).any()


def test_nothing_covers_the_segmentation_when_another_is_shown_beside_it(
    qtbot: QtBot, panel: SegmentPanel, write_particles: Callable[[], None]
) -> None:
    box = panel.judge.difference
    write_particles()
    view = StudyParticles(panel.session).view
    view.colour_by(next(c for c in PARTICLE_COLUMNS if c.name == "volume_um3"))
    by_hand(panel)
    qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(box.beside, Qt.MouseButton.LeftButton)
    assert panel.session.layers.phases.visible
    assert not any(layer.visible for layer in (view.labels, view.values, box.layer))

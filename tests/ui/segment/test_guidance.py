from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from operando.data.classes import DEFAULT_CLASSES
from operando.errors import Cancelled
from operando.segment.painting.slips import Slip
from operando.segment.painting.suggest import Region
from operando.study.phases import create_phases
from operando.ui.segment.guidance import (
    Advice,
    Guidance,
    advice_text,
    box_corners,
    find_advice,
    region_text,
    slip_text,
)
from operando.ui.session import Session

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.samples import Electrode

REGION = Region(1, 9, (16, 32), (48, 64), 0.9, (1, 3))
SLIP = Slip(0, 3, (2, 6), (7, 9), 1, 3, 8, 0.95)


@pytest.fixture
def study(study: Study, electrode: Electrode) -> Study:
    """A segmentation that is right and sure but in one doubtful square and one wrong one."""
    labels, probabilities = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    labels[:] = electrode.phases
    share = np.stack([255 * (electrode.phases == k) for k in (1, 2, 3)], axis=1).astype(np.uint8)
    share[1, :, 16, 32:48, 16:32] = np.array([128, 0, 127]).reshape(3, 1, 1)
    painted = np.asarray(study.strokes().array)
    t, z = np.argwhere(painted == 3)[0][:2]
    share[t, :, z][:, painted[t, z] == 3] = np.array([250, 5, 0]).reshape(3, 1)
    probabilities[:] = share
    return study


@pytest.fixture
def guidance(qtbot: QtBot, session: Session) -> Guidance:
    guidance = Guidance(session)
    qtbot.addWidget(guidance)
    guidance.refresh()
    return guidance


def test_a_click_goes_to_the_place_and_draws_a_box(
    qtbot: QtBot, guidance: Guidance, session: Session
) -> None:
    active = session.viewer.layers.selection.active
    qtbot.mouseClick(guidance.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: guidance.places.count() > 0, timeout=20_000)
    texts = [guidance.places.item(i).text() for i in range(guidance.places.count())]
    doubtful = next(i for i, text in enumerate(texts) if "pore or particle?" in text)
    assert "frame 1, z 16" in texts[doubtful]
    assert "painted particle, looks like pore" in texts[0]
    guidance.places.itemClicked.emit(guidance.places.item(doubtful))
    assert session.viewer.dims.current_step[:2] == (1, 16)
    box = next(layer for layer in session.viewer.layers if layer.name == "look here")
    np.testing.assert_array_equal(box.data[0][:, :2], [[1, 16]] * 4)
    assert box.data[0][:, 2].min() == 31.5
    assert box.data[0][:, 3].max() == 31.5
    assert session.viewer.layers.selection.active is active
    guidance.places.itemClicked.emit(guidance.places.item(0))
    assert len([layer for layer in session.viewer.layers if layer.name == "look here"]) == 1


@pytest.fixture
def at_a_place(qtbot: QtBot, guidance: Guidance) -> Guidance:
    """Places were found and one of them is shown."""
    qtbot.mouseClick(guidance.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: guidance.places.count() > 0, timeout=20_000)
    guidance.places.itemClicked.emit(guidance.places.item(0))
    assert "look here" in guidance._session.viewer.layers
    return guidance


def test_places_in_an_older_segmentation_are_taken_away(
    at_a_place: Guidance, session: Session
) -> None:
    session.products_changed.emit("segment")
    assert at_a_place.places.count() == 0
    assert at_a_place.text.text() == ""
    assert "look here" not in session.viewer.layers


def test_the_box_goes_with_the_study(at_a_place: Guidance, session: Session) -> None:
    session.close_study()
    at_a_place.refresh()
    assert at_a_place.places.count() == 0
    assert len(session.viewer.layers) == 0


def test_the_box_goes_with_the_voxel_size(at_a_place: Guidance, session: Session) -> None:
    session.calibrate((1, 1, 1))
    assert "look here" not in session.viewer.layers


def test_it_hides_without_a_segmentation(qtbot: QtBot) -> None:
    guidance = Guidance(Session(ViewerModel()))
    qtbot.addWidget(guidance)
    guidance.refresh()
    assert guidance.isHidden()


def test_the_texts_name_classes_and_place() -> None:
    assert region_text(REGION, DEFAULT_CLASSES) == "▢ pore or particle? · frame 1, z 9"
    wanted = "⚠ painted pore, looks like particle · frame 0, z 3"
    assert slip_text(SLIP, DEFAULT_CLASSES) == wanted
    assert "1 stroke contradicts" in advice_text(Advice(DEFAULT_CLASSES, [REGION], [SLIP]))
    assert "sure everywhere" in advice_text(Advice(DEFAULT_CLASSES, [], []))


def test_the_box_lies_around_the_voxels() -> None:
    corners = box_corners(SLIP)
    np.testing.assert_array_equal(corners.min(axis=0), [0, 3, 1.5, 6.5])
    np.testing.assert_array_equal(corners.max(axis=0), [0, 3, 5.5, 8.5])


def test_looking_ends_when_the_study_closes(session: Session) -> None:
    """Else a thread would go on to read what is closed."""
    stop = Event()
    find_advice(session.study, session.painter.counts.slices, stop)
    stop.set()
    with pytest.raises(Cancelled):
        find_advice(session.study, session.painter.counts.slices, stop)

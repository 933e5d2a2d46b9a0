from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.ui.layers.study_results import StudyStrain
from operando.ui.session import Session
from operando.ui.strain.display import StrainDisplay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.data import DisplacementField


@pytest.fixture
def strain(
    study: Study, uniform_stretch: Callable[[float], DisplacementField]
) -> Iterator[StudyStrain]:
    session = Session(ViewerModel())
    session.show_study(study)
    study.write_field("000-001", uniform_stretch(0.01))
    strain = StudyStrain(session)
    strain.go_to_frame()
    yield strain
    session.close()


@pytest.fixture
def display(qtbot: QtBot, strain: StudyStrain) -> StrainDisplay:
    display = StrainDisplay(strain)
    qtbot.addWidget(display)
    return display


def test_the_quantity_is_switched_in_place(display: StrainDisplay, strain: StudyStrain) -> None:
    assert display.quantity.currentText() == "nothing"
    assert strain.view.layer is None
    display.quantity.setCurrentText("volume change (%)")
    layer = strain.view.layer
    assert layer is not None
    assert layer.visible
    assert layer.opacity == 0.6
    display.quantity.setCurrentText("strain zz (%)")
    assert strain.view.layer is layer
    assert layer.name == "strain zz (%) since frame 0"
    display.quantity.setCurrentText("nothing")
    assert not layer.visible
    display.quantity.setCurrentText("displacement (µm)")
    assert layer.visible


def test_opacity_and_smoothing(display: StrainDisplay, strain: StudyStrain) -> None:
    display.smooth.setChecked(False)
    display.opacity.setValue(40)
    display.quantity.setCurrentText("strain zz (%)")
    layer = strain.view.layer
    assert layer is not None
    assert layer.opacity == 0.4
    assert layer.interpolation2d == "nearest"
    display.opacity.setValue(25)
    assert layer.opacity == 0.25
    display.smooth.setChecked(True)
    assert layer.interpolation2d == "linear"
    display.smooth.setChecked(False)
    assert layer.interpolation2d == "nearest"
    display.smooth.setChecked(True)
    assert layer.interpolation2d == "linear"


def test_arrows_and_their_length(display: StrainDisplay, strain: StudyStrain) -> None:
    assert not display.length.isEnabled()
    display.arrows.setChecked(True)
    arrows = strain.view.arrows
    assert arrows is not None
    assert display.length.isEnabled()
    assert display.length.value() == arrows.length == strain.view.fitting_length
    display.length.setValue(3.0)
    assert arrows.length == 3.0
    display.arrows.setChecked(False)
    assert not arrows.visible


def test_a_click_is_read_into_the_panel(display: StrainDisplay, strain: StudyStrain) -> None:
    assert "Click" in display.probe.text()
    display.quantity.setCurrentText("volume change (%)")
    voxel = strain._session.study.voxel_size  # type: ignore[union-attr]
    point = np.array([14, 14, 22]) * voxel
    strain.view._on_click(SimpleNamespace(position=(1, *point)))
    lines = display.probe.text().splitlines()
    assert lines[0] == f"Node at z {point[0]:.2f}, y {point[1]:.2f}, x {point[2]:.2f} µm"
    assert lines[1] == "volume change 3.03 %"
    assert lines[2] == f"displacement x {0.22 * voxel[2]:.4f} ± {0.01 * voxel[2]:.4f} µm"


def test_without_fields_there_is_nothing_to_choose(
    display: StrainDisplay, strain: StudyStrain
) -> None:
    assert not display.isHidden()
    strain._session.close_study()
    assert display.isHidden()
    display.unlink()


def test_the_noise_floor_is_told_in_units(display: StrainDisplay, strain: StudyStrain) -> None:
    """A pure stretch is no rigid motion: it stays, as displacement but not as scatter of strain."""
    display.noise.click()
    text = display.probe.text()
    assert "If nothing changed between frame 0 and 1" in text
    z = (np.arange(3) * 8 + 6) * 0.01
    assert f"= {z.std():.3f} voxel (predicted 0.010)" in text
    assert "strain xx, yy, zz 0.000, 0.000, 0.000 %" in text
    assert "75 nodes" in text
    display.removed.setCurrentText("rigid motion and uniform stretch")
    display.noise.click()
    assert display.probe.text() == text

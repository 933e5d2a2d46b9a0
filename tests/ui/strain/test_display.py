from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operando.ui.strain.display import StrainDisplay

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from operando.ui.layers.study_results import StudyStrain


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


def test_without_fields_there_is_nothing_to_choose(
    display: StrainDisplay, strain: StudyStrain
) -> None:
    assert not display.isHidden()
    strain._session.close_study()
    assert display.isHidden()
    display.unlink()


def test_the_thickness_is_asked_for_where_it_matters(
    display: StrainDisplay, strain: StudyStrain
) -> None:
    display.quantity.setCurrentText("strain zz (%)")
    assert display.normal.isHidden()
    display.quantity.setCurrentText("through-thickness displacement (µm)")
    assert not display.normal.isHidden()
    assert strain.view.normal == (1, 0, 0)
    _choose(display, "along x")
    assert strain.view.normal == (0, 0, 1)
    assert strain.view.layer is not None
    assert "along x" in strain.view.layer.name


def test_the_thickness_follows_a_line_only_if_asked(
    qtbot: QtBot, display: StrainDisplay, strain: StudyStrain
) -> None:
    display.quantity.setCurrentText("in-plane strain (%)")
    display.set_line((0, 0, 0), (0, 3, 4))
    assert strain.view.normal == (1, 0, 0)
    with qtbot.waitSignal(display.line_wanted):
        _choose(display, "along a line I draw")
    display.set_line((0, 1, 1), (0, 4, 5))
    assert strain.view.normal == pytest.approx((0, 0.6, 0.8))


def _choose(display: StrainDisplay, text: str) -> None:
    display.normal.setCurrentText(text)
    display.normal.activated.emit(display.normal.currentIndex())

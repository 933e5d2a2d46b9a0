from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtpy.QtTest import QTest

from operando.ui.forms.calibration import CalibrationForm

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def form(qtbot: QtBot) -> CalibrationForm:
    form = CalibrationForm()
    qtbot.addWidget(form)
    form.show()
    return form


def test_nothing_known_is_nothing_guessed(form: CalibrationForm) -> None:
    form.set_series(3, None, None, "as in the files")
    assert form.voxel_size is None
    assert form.sizes[0].text() == "?"
    assert form.times == (0.0, 1.0, 2.0)


def test_one_length_does_for_cubes(form: CalibrationForm) -> None:
    form.set_series(1, None, None, "as in the files")
    form.sizes[0].setValue(0.65)
    assert form.voxel_size == (0.65, 0.65, 0.65)
    assert not form.sizes[2].isVisible()
    assert not form.timing.isVisible()
    form.cubes.setChecked(False)
    form.sizes[2].setValue(0.3)
    assert form.voxel_size == (0.65, 0.65, 0.3)


def test_what_is_known_comes_back(form: CalibrationForm) -> None:
    form.set_series(3, (0.5, 0.1, 0.1), (0.0, 1.0, 4.0), "as in the files")
    assert form.voxel_size == (0.5, 0.1, 0.1)
    assert form.times == (0.0, 1.0, 4.0)
    form.timing.setCurrentText("equal steps")
    assert form.times == (0.0, 2.0, 4.0)
    form.step.setValue(0.1)
    assert form.times == pytest.approx((0.0, 0.1, 0.2))


def test_a_size_counts_while_it_is_typed(form: CalibrationForm) -> None:
    form.set_series(1, None, None, "as in the files")
    form.sizes[0].selectAll()
    QTest.keyClicks(form.sizes[0].lineEdit(), "0.2")
    assert form.voxel_size == (0.2, 0.2, 0.2)
    assert form.sizes[0].lineEdit().text().startswith("0.2")

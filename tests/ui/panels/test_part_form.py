from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest

from operando.data import Series
from operando.ui.panels.part_form import PartForm

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def form(qtbot: QtBot) -> PartForm:
    form = PartForm()
    qtbot.addWidget(form)
    data = da.zeros((3, 1, 100, 200, 400), dtype=np.uint16)
    form.set_series(Series(data=data, voxel_size=(0.5, 0.5, 0.5)), np.zeros((200, 400)))
    form.show()
    return form


def test_it_is_folded_up_and_takes_everything(form: PartForm) -> None:
    assert not form.picture.isVisible()
    assert form.value() == {}
    form.unfold.click()
    assert form.picture.isVisible()
    assert form.outcome.text() == "All of it, 48.0 MB; nothing is copied."


def test_a_box_and_binning_with_what_is_left(form: PartForm) -> None:
    form.unfold.click()
    form.ends[0][0].setValue(20)
    form.ends[2][1].setValue(300)
    form.binning.setValue((2, 2, 2))
    assert form.value() == {"crop": "20:100,0:200,0:300", "binning": "2,2,2"}
    assert form.shape == (40, 100, 150)
    assert form.outcome.text() == (
        "40 × 100 × 150 voxels a frame, of 1 µm, 3.6 MB instead of 48.0 MB, copied into the study."
    )
    assert form.obstacle() == ""


def test_an_empty_box_is_no_part(form: PartForm) -> None:
    form.ends[1][0].setValue(150)
    form.ends[1][1].setValue(150)
    assert "No voxel is left" in form.obstacle()


def test_the_box_is_kept_for_images_of_the_same_size_only(form: PartForm) -> None:
    form.ends[0][0].setValue(20)
    same = Series(data=da.zeros((5, 1, 100, 200, 400), dtype=np.uint8))
    form.set_series(same, np.zeros((200, 400)))
    assert form.value() == {"crop": "20:100,0:200,0:400"}
    other = Series(data=da.zeros((5, 1, 50, 60, 70), dtype=np.uint8))
    form.set_series(other, np.zeros((60, 70)))
    assert form.value() == {}
    assert form.ends[2][1].value() == form.ends[2][1].maximum() == 70

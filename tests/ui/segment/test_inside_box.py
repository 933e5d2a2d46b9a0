"""Looking inside the model that a study has, in a window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from operando.nets.architecture import build
from operando.segment import pretrained
from operando.ui.segment.inside_box import InsideBox, flat_kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.ui.session import Session


@pytest.fixture
def box(qtbot: QtBot, session: Session) -> Iterator[InsideBox]:
    box = InsideBox(session)
    qtbot.addWidget(box)
    box.refresh()
    yield box
    box.close_box()


def test_maps_of_the_slice_in_view_are_shown_and_laid_over(
    qtbot: QtBot, box: InsideBox, study: Study
) -> None:
    assert not box.button.isEnabled()
    pretrained().save(study.product_path("models/model"))
    box.refresh()
    viewer = box._session.viewer
    viewer.dims.current_step = (1, 9, 0, 0)
    box.button.click()
    qtbot.waitUntil(box.dialog.isVisible, timeout=180_000)
    assert "frame 1, slice z 9" in box.place.text()
    assert len(box.kernels.places()) == pretrained().architecture.width
    box.level.setCurrentIndex(box.level.count() - 1)
    assert "up 1" in box.level.currentText()
    place = box.maps.places()[2].center()
    qtbot.mouseClick(box.maps, Qt.MouseButton.LeftButton, pos=place)
    layer = viewer.layers["feature map 3 of up 1"]
    assert layer.data.shape == (1, 1, 64, 64)
    np.testing.assert_allclose(layer.translate, np.multiply((1, 9, 0, 0), layer.scale))
    box.lay_over(0)
    assert [one.name for one in viewer.layers].count("feature map 1 of up 1") == 1
    assert len([one for one in viewer.layers if "feature" in one.name]) == 1
    box._session.close_study()
    assert not box.dialog.isVisible()


def test_a_forest_says_that_it_has_no_maps(qtbot: QtBot, box: InsideBox, study: Study) -> None:
    model = pretrained()
    forest = replace(model.architecture, network="forest")
    weights = {name: value.numpy() for name, value in build(forest).state_dict().items()}
    made = replace(model, architecture=forest, weights=weights)
    made.save(study.product_path("models/model"))
    box.refresh()
    box.button.click()
    qtbot.waitUntil(lambda: "has no feature maps" in box.text.text(), timeout=180_000)
    assert box.button.isEnabled()


def test_slices_of_a_kernel_lie_side_by_side() -> None:
    kernels = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    flat = flat_kernels(kernels)
    assert flat.shape == (2, 2, 6)
    np.testing.assert_array_equal(flat[1][:, 2:4], kernels[1, 1])

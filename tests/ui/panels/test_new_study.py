"""The form that makes a study: what was typed is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tifffile import imwrite

from operando.ui.panels.new_study import NewStudyForm, found_images

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


def test_other_axes_of_the_same_file_leave_the_voxel_size_that_was_typed(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "scan.tif"
    imwrite(path, np.zeros((5, 8, 16), np.uint8), photometric="minisblack")
    form = NewStudyForm()
    qtbot.addWidget(form)
    form.set_images(found_images([path]))
    form.calibration.sizes[0].setValue(0.3)
    form.set_images(found_images([path], "tyx"))
    assert form.calibration.voxel_size == (0.3, 0.3, 0.3)
    other = tmp_path / "other.tif"
    imwrite(other, np.zeros((5, 8, 16), np.uint8), photometric="minisblack")
    form.set_images(found_images([other]))
    assert form.calibration.voxel_size is None

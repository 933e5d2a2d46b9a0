from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.layers import Shapes

from operando.ui.layers.study_results import RIGID_AND_STRETCH, StudyStrain
from operando.ui.strain.table_dialog import TableDialog
from operando.ui.strain.tools import StrainTools

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def tools(qtbot: QtBot, strain: StudyStrain) -> StrainTools:
    tools = StrainTools(strain)
    qtbot.addWidget(tools)
    return tools


def test_a_click_is_read_into_the_panel(tools: StrainTools, strain: StudyStrain) -> None:
    assert "Click" in tools.answer.text()
    strain.view.show_quantity("volume_change")
    voxel = strain._session.study.voxel_size  # type: ignore[union-attr]
    point = np.array([14, 14, 22]) * voxel
    strain.view._on_click(SimpleNamespace(position=(1, *point)))
    lines = tools.answer.text().splitlines()
    assert lines[0] == f"Node at z {point[0]:.2f}, y {point[1]:.2f}, x {point[2]:.2f} µm"
    assert lines[1] == "volume change 3.03 %"
    assert lines[2] == f"displacement x {0.22 * voxel[2]:.4f} ± {0.01 * voxel[2]:.4f} µm"


def test_the_noise_floor_is_told_in_units(tools: StrainTools, strain: StudyStrain) -> None:
    """A pure stretch is no rigid motion: it stays, as displacement but not as scatter of strain."""
    tools.noise.click()
    text = tools.answer.text()
    assert "If nothing changed between frame 0 and 1" in text
    z = (np.arange(3) * 8 + 6) * 0.01
    assert f"= {z.std():.3f} voxel (predicted 0.010)" in text
    assert "strain xx, yy, zz 0.000, 0.000, 0.000 %" in text
    assert "75 nodes" in text
    strain.remove(RIGID_AND_STRETCH)
    tools.noise.click()
    assert tools.answer.text() == text


def test_statistics_come_as_a_table(qtbot: QtBot, tools: StrainTools, strain: StudyStrain) -> None:
    strain.view.show_quantity("volume_change")
    assert [tools.regions.itemText(i) for i in range(tools.regions.count())] == [
        "drawn shapes, or everything"
    ]
    tools.statistics.click()
    qtbot.waitUntil(lambda: bool(tools.findChildren(TableDialog)))
    (dialog,) = tools.findChildren(TableDialog)
    (row,) = dialog.buttons.table.to_dict("records")
    assert row["region"] == "everything"
    assert row["mean_percent"] == pytest.approx(100 * (1.01**3 - 1), rel=1e-5)
    assert tools.statistics.isEnabled()
    dialog.close()


def test_why_there_are_no_statistics_is_said(
    qtbot: QtBot, tools: StrainTools, strain: StudyStrain
) -> None:
    far = np.array([[0, 0, 900, 900], [0, 0, 900, 950], [0, 0, 950, 950], [0, 0, 950, 900]])
    strain.view.viewer.add_layer(Shapes([far], shape_type="polygon"))
    tools.statistics.click()
    qtbot.waitUntil(tools.statistics.isEnabled)
    assert "No node in these regions was measured" in tools.answer.text()

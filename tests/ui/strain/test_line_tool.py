from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.ui.layers.study_results import RIGID, RIGID_AND_STRETCH, StudyStrain
from operando.ui.strain.line_tool import LineTool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando.data import DisplacementField
    from operando.ui.session import Session

STRETCH = 0.02


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    uniform_stretch: Callable[[float], DisplacementField],
) -> StudyStrain:
    strain = show_field(uniform_stretch(STRETCH))
    strain.view.show_quantity("strain_xx")
    strain.refresh()
    strain.go_to_frame()
    return strain


@pytest.fixture
def tool(qtbot: QtBot, strain: StudyStrain) -> Iterator[LineTool]:
    tool = LineTool(strain)
    qtbot.addWidget(tool)
    tool.show()
    yield tool
    tool.unlink()


def _click(tool: LineTool, strain: StudyStrain, z: float, y: float, x: float) -> None:
    """Click on a voxel in the canvas."""
    size = strain.study.voxel_size
    position = (1.0, z * size[0], y * size[1], x * size[2])
    tool._clicks.clicked.emit(SimpleNamespace(position=position))


def _draw(tool: LineTool, strain: StudyStrain) -> None:
    tool.draw.click()
    _click(tool, strain, 14, 10, 8)
    _click(tool, strain, 14, 10, 32)


def test_two_clicks_measure_how_the_length_changed(tool: LineTool, strain: StudyStrain) -> None:
    assert not tool.answer.isVisible()
    tool.draw.click()
    assert "start" in tool.answer.text()
    _click(tool, strain, 14, 10, 8)
    assert "end" in tool.answer.text()
    _click(tool, strain, 14, 10, 32)
    assert not tool.draw.isChecked()
    length = 24 * strain.study.voxel_size[2]
    assert f"Line of {length:.4g} µm" in tool.answer.text()
    assert f"{STRETCH * length:+.4f} ±" in tool.answer.text()
    assert f"{100 * STRETCH:+.3f} ±" in tool.answer.text()


def test_a_line_goes_when_the_voxel_size_is_corrected(
    tool: LineTool, strain: StudyStrain, session: Session
) -> None:
    """It was drawn in µm, on material that lies elsewhere then."""
    _draw(tool, strain)
    session.calibrate([2 * edge for edge in strain.study.voxel_size])
    assert tool.line == []
    assert not any(layer.name == "measured line" for layer in session.viewer.layers)
    assert not tool.plot.isVisible()


def test_the_profile_follows_the_quantity(tool: LineTool, strain: StudyStrain) -> None:
    _draw(tool, strain)
    along, values = tool.plot.curve.getData()
    assert along[-1] == pytest.approx(24 * strain.study.voxel_size[2])
    np.testing.assert_allclose(values, 100 * (STRETCH + STRETCH**2 / 2), rtol=1e-5)
    strain.view.show_quantity("displacement_x")
    _, values = tool.plot.curve.getData()
    size = strain.study.voxel_size[2]
    np.testing.assert_allclose(values, np.linspace(8, 32, 100) * STRETCH * size, rtol=1e-5)


def test_a_uniform_stretch_can_be_taken_out(tool: LineTool, strain: StudyStrain) -> None:
    _draw(tool, strain)
    strain.remove(RIGID)
    assert f"{100 * STRETCH:+.3f} ±" in tool.answer.text()
    assert strain.view.layer.name.endswith("since frame 0, without motion")
    strain.remove(RIGID_AND_STRETCH)
    np.testing.assert_allclose(tool.plot.curve.getData()[1], 0, atol=1e-6)
    strain.remove("")
    np.testing.assert_allclose(
        tool.plot.curve.getData()[1], 100 * (STRETCH + STRETCH**2 / 2), rtol=1e-5
    )


def test_the_line_is_seen_in_every_frame_and_goes(tool: LineTool, strain: StudyStrain) -> None:
    _draw(tool, strain)
    layer = tool.layer
    np.testing.assert_array_equal(layer.data[:, 0, 0], np.arange(len(strain.study.times)))
    np.testing.assert_allclose(layer.data[:, 1], [[0, 0, 0, 24]] * len(layer.data), atol=1e-5)
    tool.draw.click()
    assert layer not in strain.view.viewer.layers
    tool.draw.click()
    assert not tool.answer.isVisible()


def test_clicks_read_no_nodes_while_a_line_is_drawn(tool: LineTool, strain: StudyStrain) -> None:
    readings: list[object] = []
    strain.view.probed.connect(readings.append)
    size = strain.study.voxel_size
    click = SimpleNamespace(position=(1.0, 14 * size[0], 14 * size[1], 14 * size[2]))
    tool.draw.click()
    strain.view._on_click(click)
    assert not readings
    tool.draw.click()
    strain.view._on_click(click)
    assert len(readings) == 1

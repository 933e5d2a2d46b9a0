"""Docks of results in a real window: they open, follow, close, and leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from operando.ui.dock.dock import OperandoDock
from operando.ui.panels.particles import ParticlesPanel
from operando.ui.panels.strain import StrainPanel
from operando.ui.session import Session
from operando.ui.timeline.dock import open_time_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.data import DisplacementField


@pytest.fixture
def with_results(
    study: Study,
    write_particles: Callable[[], None],
    uniform_stretch: Callable[..., DisplacementField],
) -> Study:
    write_particles()
    study.write_field("000-001", uniform_stretch(0.02))
    return study


def test_results_are_seen_and_linked_in_a_real_window(
    make_napari_viewer: Callable[[], Any], qtbot: QtBot, with_results: Study
) -> None:
    viewer = make_napari_viewer()
    session = Session(viewer)
    line = open_time_line(session)
    assert line is not None
    panels = (ParticlesPanel(session), StrainPanel(session))
    for panel in panels:
        qtbot.addWidget(panel)
    session.show_study(with_results)
    particles, strain = panels

    particles.open_table.click()
    table = particles.table
    assert table is not None
    qtbot.waitUntil(lambda: table.model.rowCount() > 0)
    frame, particle = table.model.particle_at(3)
    table.table.setCurrentIndex(table.model.index(3, 1))
    assert particles.particles.view.particle == particle
    table.colour.setCurrentText("volume (µm³)")
    assert any(layer.name == "volume (µm³) · particles" for layer in viewer.layers)

    line.plot.frame_chosen.emit(1)
    assert viewer.dims.current_step[0] == 1
    assert table.model.frame == 1
    strain.display.quantity.setCurrentText("von Mises strain (%)")
    strain.display.arrows.setChecked(True)
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    viewer.theme = "light"
    assert line.plot._background == table.plot._background

    table.tabs.setCurrentIndex(1)
    viewer.window.remove_dock_widget(table)
    qtbot.waitUntil(lambda: particles.table is None)
    particles.open_table.click()
    assert particles.table is not table
    for panel in panels:
        panel.close_panel()
    assert particles.table is None
    line.unlink()
    session.close()
    assert len(viewer.layers) == 0
    assert frame == 0


def test_the_table_goes_with_the_dock(
    make_napari_viewer: Callable[[], Any], with_results: Study
) -> None:
    viewer = make_napari_viewer()
    dock = OperandoDock(viewer)
    viewer.window.add_dock_widget(dock, name="Operando")
    dock.session.show_study(with_results)
    panel = next(p for p in dock.panels if isinstance(p, ParticlesPanel))
    panel.show_table()
    assert "Particles" in viewer.window.dock_widgets
    viewer.window.remove_dock_widget(dock)
    assert panel.table is None
    assert "Particles" not in viewer.window.dock_widgets
    dock.deleteLater()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1540, 830)])
def test_docks_below_leave_the_panels_their_height_and_the_window_its_size(
    make_napari_viewer: Callable[..., Any],
    qtbot: QtBot,
    with_results: Study,
    width: int,
    height: int,
) -> None:
    viewer = make_napari_viewer(show=True)
    dock = OperandoDock(viewer)
    viewer.window.add_dock_widget(dock, name="Operando")
    viewer.window.resize(width, height)
    dock.session.show_study(with_results)
    qtbot.wait(50)
    before = dock.height()
    panels = {panel.title: panel for panel in dock.panels}
    for show in (panels["Particles"].show_table, panels["Segment"].show_runs, dock.show_time_line):
        show()
        qtbot.wait(50)
    assert dock.height() == before
    window = dock.window()
    assert (window.width(), window.height()) == (width, height), "it stays on the screen"
    dock.close_session()


def test_the_window_closes_with_the_table_open(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, with_results: Study
) -> None:
    viewer = make_napari_viewer(show=True)
    dock = OperandoDock(viewer)
    viewer.window.add_dock_widget(dock, name="Operando")
    dock.session.show_study(with_results)
    panel = next(p for p in dock.panels if isinstance(p, ParticlesPanel))
    panel.show_table()
    qtbot.wait(50)
    viewer.close()
    assert panel.table is None
    assert dock.session.study is None

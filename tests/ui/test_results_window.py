"""Docks of results in a real window: they open, follow, close, and leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data import DisplacementField
from operando.files.ome_zarr import create_image
from operando.ui.dock.dock import OperandoDock
from operando.ui.panels.particles import ParticlesPanel
from operando.ui.panels.strain import StrainPanel
from operando.ui.session import Session
from operando.ui.timeline.dock import open_time_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.samples import Electrode


def _write_results(study: Study, electrode: Electrode) -> None:
    ids = create_image(
        study.product_path("particles/particles"),
        electrode.ids.shape,
        "int32",
        axes="tzyx",
        voxel_size=study.voxel_size,
        times=study.times,
    )
    ids[:] = electrode.ids
    study.write_table("particles", electrode.table)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in (3, 6, 6)], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 8.0 + 8
    n = len(positions)
    study.write_field(
        "000-001",
        DisplacementField(
            positions=positions,
            displacement=positions * 0.02,
            gradient=np.tile(np.eye(3) * 0.02, (n, 1, 1)),
            sigma=np.full((n, 3), 0.01),
            zncc=np.full(n, 0.9),
            status=np.zeros(n, int),
            grid_shape=(3, 6, 6),
            spacing=(8.0,) * 3,
            window=(11,) * 3,
        ),
    )


def test_results_are_seen_and_linked_in_a_real_window(
    make_napari_viewer: Callable[[], Any], qtbot: QtBot, study: Study, electrode: Electrode
) -> None:
    _write_results(study, electrode)
    viewer = make_napari_viewer()
    session = Session(viewer)
    line = open_time_line(session)
    assert line is not None
    panels = (ParticlesPanel(session), StrainPanel(session))
    for panel in panels:
        qtbot.addWidget(panel)
    session.show_study(study)
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
    make_napari_viewer: Callable[[], Any], study: Study, electrode: Electrode
) -> None:
    _write_results(study, electrode)
    viewer = make_napari_viewer()
    dock = OperandoDock(viewer)
    viewer.window.add_dock_widget(dock, name="Operando")
    dock.session.show_study(study)
    panel = next(p for p in dock.panels if isinstance(p, ParticlesPanel))
    panel.show_table()
    assert "Particles" in viewer.window.dock_widgets
    viewer.window.remove_dock_widget(dock)
    assert panel.table is None
    assert "Particles" not in viewer.window.dock_widgets
    dock.deleteLater()


def test_the_window_closes_with_the_table_open(
    make_napari_viewer: Callable[..., Any], qtbot: QtBot, study: Study, electrode: Electrode
) -> None:
    _write_results(study, electrode)
    viewer = make_napari_viewer(show=True)
    dock = OperandoDock(viewer)
    viewer.window.add_dock_widget(dock, name="Operando")
    dock.session.show_study(study)
    panel = next(p for p in dock.panels if isinstance(p, ParticlesPanel))
    panel.show_table()
    qtbot.wait(50)
    viewer.close()
    assert panel.table is None
    assert dock.session.study is None

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.files.ome_zarr import create_image
from operando.particles import measure
from operando.study.phases import create_phases
from operando.ui.panels.particles import ParticlesPanel
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def panel(qtbot: QtBot, study, electrode) -> Iterator[ParticlesPanel]:
    labels, _ = create_phases(study.product_path("phases/phases"), study, study.strokes().classes)
    labels[:] = electrode.phases
    ids = create_image(
        study.product_path("particles/particles"),
        electrode.ids.shape,
        "int32",
        axes="tzyx",
        voxel_size=study.voxel_size,
        times=study.times,
    )
    ids[:] = electrode.ids
    tables = [
        measure(frame, spacing=study.voxel_size, frame=t) for t, frame in enumerate(electrode.ids)
    ]
    study.write_table("particles", pd.concat(tables, ignore_index=True))
    session = Session(ViewerModel())
    session.show_study(study)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close_panel()
    session.close()


def _biggest(panel: ParticlesPanel) -> list[int]:
    table = panel.particles.table
    first = table[table["frame"] == 0].sort_values("volume_um3")
    return [int(i) for i in first["particle"].iloc[-2:]]


def _places(panel: ParticlesPanel, particle: int) -> np.ndarray:
    """Voxels of a particle in the slice that is seen."""
    viewer = panel.session.viewer
    z = viewer.dims.current_step[1]
    ids = np.asarray(panel.session.study.open_array("particles/particles")[0, z])
    return np.argwhere(ids == particle)


def _click(panel: ParticlesPanel, y: int, x: int) -> None:
    viewer = panel.session.viewer
    world = np.array(viewer.dims.point, float)
    world[2:] = np.array([y, x]) * panel.session.study.voxel_size[1:]
    event = SimpleNamespace(
        position=tuple(world), view_direction=None, dims_displayed=list(viewer.dims.displayed)
    )
    panel.editor._on_click(event)


def test_buttons_wait_for_a_particle(panel: ParticlesPanel) -> None:
    editor = panel.editor
    assert not editor.tools["merge"].isEnabled()
    assert editor.tools["grow"].isEnabled()
    assert "Select a particle" in editor.hint.text()
    panel.particles.view.select(_biggest(panel)[0])
    assert all(button.isEnabled() for button in editor.tools.values())
    assert editor.hint.text() == ""


def test_merge_delete_undo_redo(panel: ParticlesPanel) -> None:
    a, b = _biggest(panel)
    view, study = panel.particles.view, panel.session.study
    before = np.asarray(study.open_array("particles/particles")[0])
    view.select(b, frame=0)
    y, x = _places(panel, b)[0]
    view.select(a, frame=panel.particles.table["frame"].min())
    view.viewer.dims.set_point(
        1, float(panel.particles.table.query(f"particle == {b}")["z_um"].iloc[0])
    )
    panel.editor.tools["merge"].click()
    assert "Click the particle" in panel.editor.hint.text()
    assert not view.selects
    _click(panel, y, x)
    assert view.selects
    assert "merged" in panel.editor.hint.text()
    now = np.asarray(study.open_array("particles/particles")[0])
    np.testing.assert_array_equal(now, np.where(before == b, a, before))
    assert b not in set(panel.particles.table["particle"])
    np.testing.assert_array_equal(np.asarray(view.labels.data[0, 16]), now[16])
    panel.editor.undo.click()
    assert b in set(panel.particles.table["particle"])
    view.select(b)
    panel.editor.tools["delete"].click()
    assert view.particle == 0
    assert b not in set(study.table("particles")["particle"])
    panel.editor.undo.click()
    assert panel.editor.redo.isEnabled()
    panel.editor.redo.click()
    assert b not in set(study.table("particles")["particle"])


def test_split_with_two_clicks(panel: ParticlesPanel) -> None:
    particle = _biggest(panel)[1]
    panel.particles.view.select(particle, frame=0)
    places = _places(panel, particle)
    panel.editor.tools["split"].click()
    assert "2 to go" in panel.editor.hint.text()
    _click(panel, *places[0])
    assert "1 to go" in panel.editor.hint.text()
    count = len(panel.particles.table)
    _click(panel, *places[-1])
    assert "split" in panel.editor.hint.text()
    assert len(panel.particles.table) > count


def test_clicks_outside_and_a_second_press_change_nothing(panel: ParticlesPanel) -> None:
    particle = _biggest(panel)[0]
    view = panel.particles.view
    view.select(particle, frame=0)
    panel.editor.tools["cut"].click()
    panel.editor.tools["cut"].click()
    assert view.selects
    panel.editor.tools["split"].click()
    outside = np.argwhere(np.asarray(view.labels.data[0, view.viewer.dims.current_step[1]]) == 0)[0]
    _click(panel, *outside)
    _click(panel, *outside)
    assert "does not lie in particle" in panel.editor.hint.text()
    panel.editor.undo.click()
    assert panel.editor.hint.text() == "There is nothing to undo."
    assert not panel.editor.undo.isEnabled()

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando import Study
from operando.particles import measure
from operando.steps import STEPS
from operando.study import Entry
from operando.study.edits import read_edits
from operando.ui.panels.particles import ParticlesPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from operando.samples import Electrode
    from operando.ui.session import Session


@pytest.fixture
def found(found: Study) -> Study:
    """With what the true particles measure."""
    ids = np.asarray(found.open_array("particles/particles")[:])
    tables = [measure(ids[t], spacing=found.voxel_size, frame=t) for t in range(len(ids))]
    found.write_table("particles", pd.concat(tables, ignore_index=True))
    return found


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[ParticlesPanel]:
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close_panel()


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


def _settle(panel: ParticlesPanel) -> str:
    """Wait for what runs; returns what is said then."""
    panel.editor.corrector.finish()
    return panel.editor.hint.text()


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
    assert panel.editor.hint.text() == f"Merging particle {a}…"
    assert _settle(panel) == f"Particle {a} merged in 2 frames."
    now = np.asarray(study.open_array("particles/particles")[0])
    np.testing.assert_array_equal(now, np.where(before == b, a, before))
    assert b not in set(panel.particles.table["particle"])
    np.testing.assert_array_equal(np.asarray(view.labels.data[0, 16]), now[16])
    panel.editor.undo.click()
    assert _settle(panel) == "Merge taken back in 2 frames."
    assert b in set(panel.particles.table["particle"])
    view.select(b)
    panel.editor.tools["delete"].click()
    _settle(panel)
    assert view.particle == 0
    assert b not in set(study.table("particles")["particle"])
    panel.editor.undo.click()
    assert panel.editor.redo.isEnabled()
    panel.editor.redo.click()
    assert not panel.editor.redo.isEnabled()
    _settle(panel)
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
    assert "split" in _settle(panel)
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
    assert "does not lie in particle" in _settle(panel)
    assert not panel.editor.undo.isEnabled()


def test_undo_and_redo_can_be_pressed_when_there_is_something(panel: ParticlesPanel) -> None:
    editor, session = panel.editor, panel.session
    assert not editor.undo.isEnabled()
    assert not editor.redo.isEnabled()
    panel.particles.view.select(_biggest(panel)[0])
    editor.tools["delete"].click()
    assert editor.undo.isEnabled()
    path = session.study.path
    session.close_study()
    assert not editor.undo.isEnabled()
    session.open_study(path)
    assert editor.undo.isEnabled()
    assert not editor.redo.isEnabled()
    editor.undo.click()
    _settle(panel)
    session.close_study()
    session.open_study(path)
    assert not editor.undo.isEnabled()
    assert editor.redo.isEnabled()


def test_corrections_asked_for_meanwhile_are_done_in_order(panel: ParticlesPanel) -> None:
    a, b = _biggest(panel)
    editor, view, study = panel.editor, panel.particles.view, panel.session.study
    before = np.asarray(study.open_array("particles/particles")[:])
    for particle in (a, b, b):
        view.select(particle)
        editor.tools["delete"].click()
    assert editor.hint.text() == f"Deleting particle {a}… 2 more to do."
    assert "no particle" in _settle(panel)
    ids = study.open_array("particles/particles")
    np.testing.assert_array_equal(ids[:], np.where(np.isin(before, (a, b)), 0, before))
    editor.undo.click()
    editor.undo.click()
    assert not editor.undo.isEnabled()
    _settle(panel)
    np.testing.assert_array_equal(ids[:], before)
    assert {a, b} <= set(panel.particles.table["particle"])


def test_undo_that_waits_for_a_correction_that_fails_takes_no_other_back(
    panel: ParticlesPanel,
) -> None:
    a, b = _biggest(panel)
    editor, view = panel.editor, panel.particles.view
    view.select(a)
    editor.tools["delete"].click()
    _settle(panel)
    view.select(b)
    editor.tools["merge"].click()
    _click(panel, *_places(panel, 0)[0])
    editor.undo.click()
    _settle(panel)
    assert a not in set(panel.session.study.table("particles")["particle"])
    assert editor.undo.isEnabled()


def test_a_study_that_is_closed_meanwhile_keeps_the_correction(panel: ParticlesPanel) -> None:
    particle = _biggest(panel)[0]
    path = panel.session.study.path
    panel.particles.view.select(particle)
    panel.editor.tools["delete"].click()
    panel.session.close_study()
    with Study.open(path) as study:
        assert particle not in set(study.table("particles")["particle"])
        assert not (np.asarray(study.open_array("particles/particles")[:]) == particle).any()


def test_what_is_told_follows_corrections(panel: ParticlesPanel) -> None:
    study = panel.session.study
    entry = Entry(step="particles", outputs=("particles/particles",), summary="as found")
    study.add_entry(entry)
    panel.session.edited()
    panel.refresh()
    assert panel.result.text() == "as found"
    count = panel.particles.table["particle"].nunique()
    panel.particles.view.select(_biggest(panel)[0])
    panel.editor.tools["delete"].click()
    _settle(panel)
    assert f"{count - 1} particles in all" in panel.result.text()
    assert panel.state()[1] == panel.result.text().partition("<br>")[0]
    panel.editor.undo.click()
    _settle(panel)
    assert panel.result.text() == "as found"


def test_nothing_is_corrected_after_the_voxel_size_has_changed(panel: ParticlesPanel) -> None:
    particle = _biggest(panel)[0]
    panel.session.calibrate([2 * size for size in panel.session.study.voxel_size])
    panel.refresh()
    panel.particles.view.select(particle, frame=0)
    assert not any(button.isEnabled() for button in panel.editor.tools.values())
    assert "find the particles again" in panel.editor.hint.text()


def test_scores_are_not_shown_beside_corrected_particles(
    panel: ParticlesPanel, electrode: Electrode
) -> None:
    panel.session.viewer.add_labels(electrode.ids, name="truth")
    panel.score.start.click()
    panel.score._background.wait()
    assert panel.score.scores is not None
    panel.particles.view.select(_biggest(panel)[0])
    panel.editor.tools["delete"].click()
    _settle(panel)
    assert panel.score.scores is None


def test_a_brush_is_put_down_when_places_are_asked_for(panel: ParticlesPanel) -> None:
    viewer = panel.session.viewer
    panel.session.painter.take("paint")
    panel.particles.view.select(_biggest(panel)[0])
    panel.editor.tools["merge"].click()
    assert viewer.layers.selection.active.mode == "pan_zoom"


def test_a_job_that_starts_ends_the_wait_for_a_click(panel: ParticlesPanel) -> None:
    a, b = _biggest(panel)
    view, session = panel.particles.view, panel.session
    before = np.asarray(session.study.open_array("particles/particles")[:])
    view.select(a, frame=0)
    panel.editor.tools["merge"].click()
    session.run(STEPS["quality"]())
    panel.refresh_job()
    assert view.selects
    assert panel.editor.hint.text() == ""
    assert not any(button.isChecked() for button in panel.editor.tools.values())
    _click(panel, *_places(panel, b)[0])
    _settle(panel)
    ids = session.study.open_array("particles/particles")
    np.testing.assert_array_equal(ids[:], before)
    assert not read_edits(session.study.path, "particles").done


def test_nothing_is_corrected_while_a_job_runs(panel: ParticlesPanel) -> None:
    view, session = panel.particles.view, panel.session
    view.select(_biggest(panel)[0])
    session.run(STEPS["quality"]())
    for button in (panel.editor.tools["delete"], panel.editor.undo):
        button.setEnabled(True)
        button.click()
        assert "is still running" in _settle(panel)
    assert not read_edits(session.study.path, "particles").done

"""From strokes to strain through the real buttons of a real window."""

from __future__ import annotations

import numpy as np
import pytest

from operando import Study
from operando.samples import ElectrodeSettings, make_electrode, paint_strokes
from operando.steps import load_recipe, run_step
from operando.ui.contributions import open_dock

PATIENCE_MS = 240_000


@pytest.fixture(scope="module")
def truth():
    smooth = {"motion__rotation": 0, "motion__swelling_spread": 0, "binder__detached": 0}
    settings = ElectrodeSettings(shape=(32, 72, 72), frames=2).with_(cracks__share=0, **smooth)
    return make_electrode(settings, seed=5)


@pytest.fixture
def path(tmp_path, truth):
    with Study.create(
        tmp_path / "cell", truth.images, voxel_size=truth.voxel_size, times=truth.times
    ) as study:
        labels = paint_strokes(truth.phases, share=0.004, seed=0)
        study.strokes().paint(tuple(slice(0, n) for n in labels.shape), labels)
        return study.path


def press(qtbot, panel):
    panel.primary.click()
    session = panel.session
    assert session.is_busy
    qtbot.waitUntil(lambda: not session.is_busy, timeout=PATIENCE_MS)
    assert session.job.error == ""


def test_pressing_the_buttons_from_top_to_bottom_gives_everything(
    make_napari_viewer, qtbot, path, truth
):
    viewer = make_napari_viewer()
    dock = open_dock(viewer)
    dock.session.open_study(path)
    panels = {panel.title: panel for panel in dock.panels}
    segment = panels["Segment"].form
    small = {"effort": "quick", "patch": 16, "patch_depth": 8}
    quick = segment.value().settings.model_copy(update=small)
    segment.setValue(segment.value().model_copy(update={"settings": quick}))
    strain = panels["Strain"].form
    strain.setValue(strain.value().model_copy(update={"window": 21, "spacing": 9}))
    for title in ("Segment", "Particles", "Strain"):
        dock.open_section(title)
        press(qtbot, panels[title])
    study = dock.session.study
    names = [layer.name for layer in viewer.layers]
    assert {"strokes", "phases", "particles"} <= set(names)

    labels = np.asarray(study.open_array("phases/phases")[:])
    assert np.mean(labels == truth.phases) > 0.8
    assert study.table("particles")["particle"].nunique() > 3
    field = study.field("000-001")
    nodes = tuple(field.positions.round().astype(int).T)
    error = np.linalg.norm(field.displacement - truth.displacement(1)[:, *nodes].T, axis=1)
    solid = truth.phases[0][nodes] > 1
    assert np.median(error[field.valid & solid]) < 0.1

    table = study.table("particles")
    for step in load_recipe(study.recipe_path):
        run_step(study, step)
    again = study.table("particles")
    np.testing.assert_array_equal(np.asarray(study.open_array("phases/phases")[:]), labels)
    assert table.equals(again)
    np.testing.assert_array_equal(study.field("000-001").displacement, field.displacement)
    dock.close_session()

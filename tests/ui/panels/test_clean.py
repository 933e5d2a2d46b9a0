from __future__ import annotations

import numpy as np
import pytest

from operando.steps import make_step, run_step
from operando.ui.panels.align import AlignPanel, motion_html, stroke_box
from operando.ui.panels.clean import CleanPanel


@pytest.fixture
def panel(qtbot, session):
    panel = CleanPanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.close_panel()


def test_the_operation_gives_its_step(panel):
    panel.form.operation.setValue("stripes")
    (step,) = panel.steps()
    assert step == make_step("stripes", {})
    panel.form.setValue(make_step("rings", {"widest": 5}))
    assert panel.steps() == [make_step("rings", {"widest": 5})]


def test_the_preview_shows_the_slice_with_its_scores(qtbot, session, panel):
    panel.form.setValue(make_step("spots", {}))
    panel.show_preview.setChecked(True)
    qtbot.waitUntil(lambda: "→" in panel.preview_text.text(), timeout=20000)
    layer = session.viewer.layers["preview"]
    assert layer.data.shape == (1, 1, 64, 64)
    panel.show_preview.setChecked(False)
    assert "preview" not in [one.name for one in session.viewer.layers]


def test_learning_to_denoise_is_shown_after_a_short_training(qtbot, session, panel):
    told = []
    panel.preview.progressed.connect(told.append)
    panel.form.setValue(make_step("denoise-learned", {"steps": 20}))
    panel.show_preview.setChecked(True)
    qtbot.waitUntil(lambda: "→" in panel.preview_text.text(), timeout=180_000)
    assert {one.message for one in told} >= {"Training", "Cleaning"}
    assert "Trained for" in panel.preview_text.text()
    trained = len(told)
    session.viewer.dims.set_current_step(1, 20)
    qtbot.waitUntil(lambda: "Slice 20" in panel.preview_text.text(), timeout=20000)
    assert {one.message for one in told[trained:]} == {"Cleaning"}


def test_slices_in_line_are_shown_with_those_around(qtbot, session, panel):
    panel.form.setValue(make_step("slices", {"keep": 2}))
    panel.show_preview.setChecked(True)
    qtbot.waitUntil(lambda: "→" in panel.preview_text.text(), timeout=20000)
    layer = session.viewer.layers["preview"]
    assert layer.data.shape[1] > 1
    assert "from the side" in panel.preview_text.text()


def test_a_mask_needs_phases_before_it_is_shown(qtbot, session, panel):
    panel.form.operation.setValue("mask")
    panel.show_preview.setChecked(True)
    qtbot.waitUntil(lambda: "no phases/phases" in panel.error.text(), timeout=20000)
    assert panel.preview_text.text() == ""


def test_a_preview_that_is_switched_off_stops(qtbot, session, panel):
    panel.form.setValue(make_step("denoise-learned", {}))
    panel.show_preview.setChecked(True)
    qtbot.waitUntil(lambda: "training" in panel.preview_text.text(), timeout=20000)
    panel.show_preview.setChecked(False)
    qtbot.waitUntil(lambda: not panel.preview.is_busy, timeout=20000)
    assert "preview" not in [one.name for one in session.viewer.layers]
    assert not panel.error.isVisible()


def test_another_operation_goes_on_from_the_new_set_and_the_same_tries_again(study, session, panel):
    run_step(study, make_step("intensity", {}))
    session.layers.update("intensity")
    panel.refresh()
    panel.form.operation.setValue("intensity")
    (step,) = panel.steps()
    assert (step.images, step.result) == ("images", "matched")
    panel.form.field("images").setValue("images/matched")
    (step,) = panel.steps()
    assert (step.images, step.result) == ("images/matched", "matched-again")
    panel.form.operation.setValue("denoise")
    (step,) = panel.steps()
    assert step.images == "images/matched"
    assert any(layer.name.endswith("matched") for layer in session.viewer.layers)


def test_what_was_judged_is_told(study, panel):
    run_step(study, make_step("quality", {"slices": 4}))
    panel.refresh()
    assert "Image score" in panel.result.text()


def test_the_region_is_the_box_around_the_strokes(qtbot, session):
    panel = AlignPanel(session)
    qtbot.addWidget(panel)
    assert panel.use_strokes.isEnabled()
    panel.use_strokes.click()
    step = panel.form.value()
    _, *places = np.nonzero(session.study.strokes().array)
    assert (step.z, step.y, step.x) == tuple((int(p.min()), int(p.max()) + 1) for p in places)
    assert [panel.whole.isChecked(), panel.use_strokes.isChecked()] == [False, True]
    panel.whole.click()
    assert [panel.whole.isChecked(), panel.use_strokes.isChecked()] == [True, False]
    panel.whole.click()
    assert panel.whole.isChecked()
    assert panel.form.value() == make_step("align", {})
    panel.close_panel()


def test_frames_can_be_aligned_again_from_the_same_images(qtbot, session, study):
    panel = AlignPanel(session)
    qtbot.addWidget(panel)
    session.products_changed.connect(panel.refresh)
    for name, result in (("spots", "images/without-spots"), ("align", "images/aligned")):
        step = make_step(name, {"images": panel.form.value().images})
        run_step(study, step)
        assert study.image_sets[-1] == result
        session.edited()
        panel.refresh()
    (again,) = panel.steps()
    assert again.images == "images/without-spots"
    panel.close_panel()


def test_a_box_has_eight_voxels_where_there_are():
    strokes = np.zeros((1, 4, 30, 30), np.uint8)
    strokes[0, 1, 29, 10] = 1
    assert stroke_box(strokes, [(0, 1)]) == ((0, 4), (22, 30), (7, 15))
    strokes[0, 3, 2, 28:] = 2
    assert stroke_box(strokes, [(0, 1), (0, 3)]) == ((0, 4), (2, 30), (10, 30))
    assert stroke_box(np.zeros_like(strokes), [(0, 1)]) is None
    assert stroke_box(strokes, []) is None


def test_only_painted_slices_are_read_for_the_box():
    """Strokes of a large series take no room on disk, but gigabytes in memory."""
    asked = []

    class Strokes:
        shape = (20, 2048, 30, 30)

        def __getitem__(self, key):
            asked.append(key)
            return np.eye(30, dtype=np.uint8)

    assert stroke_box(Strokes(), [(3, 1000)]) == ((997, 1005), (0, 30), (0, 30))
    assert asked == [(3, 1000)]


def test_a_change_of_lengths_is_pointed_out(study):
    import pandas as pd

    row = {"frame": 0, "shift_z_um": 0.0, "shift_y_um": 0.0, "shift_x_um": 0.0}
    row |= {"rotation_deg": 0.0, "length_change_percent": 0.0, "zncc": 1.0, "overlap": 1.0}
    still = pd.DataFrame([row, row | {"frame": 1}])
    assert "⚠" not in motion_html(still)
    shrunk_by_nothing = pd.DataFrame([row | {"length_change_percent": -1e-9}])
    assert "+0.00" in motion_html(shrunk_by_nothing)
    assert "-0.00" not in motion_html(shrunk_by_nothing)
    swollen = pd.DataFrame([row, row | {"frame": 1, "length_change_percent": 0.32}])
    assert "0.32 % in frame 1" in motion_html(swollen)

"""The preview in the real window, with the model that ships with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from operando import Study
from operando.steps import make_step, run_step
from operando.ui.panels.annotate import AnnotatePanel
from operando.ui.strokes.slice_learner import newest_basis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando.samples import Electrode
    from operando.ui.session import Session
    from operando.ui.strokes.preview import LivePreview

_PATIENCE_MS = 60_000


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[AnnotatePanel]:
    panel = AnnotatePanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    session.strokes_changed.connect(panel.refresh)
    panel.show()
    yield panel
    panel.preview.set_on(False)
    qtbot.waitUntil(lambda: not panel.preview.is_busy, timeout=_PATIENCE_MS)
    panel.close_panel()


def _wait(qtbot: QtBot, preview: LivePreview, shown: Callable[[], bool]) -> None:
    qtbot.waitUntil(lambda: preview.layer is not None and shown(), timeout=_PATIENCE_MS)


def test_it_labels_the_slice_in_view_and_follows(
    qtbot: QtBot, panel: AnnotatePanel, session: Session, electrode: Electrode
) -> None:
    dims, preview = session.viewer.dims, panel.preview
    panel.live.setChecked(True)
    for t, z in ((0, 9), (1, 20)):
        dims.current_step = (t, z, 0, 0)
        _wait(qtbot, preview, lambda t=t, z=z: bool(preview.layer.data[t, z].all()))
        labels = preview.layer.data[t, z]
        truth = electrode.phases[t, z]
        solid = truth > 0
        assert (labels == truth)[solid].mean() > 0.7
    assert preview.layer.visible
    assert not preview.layer.editable
    assert "Preview of this slice, from the shipped model" in panel.live_text.text()
    layers = session.viewer.layers
    assert layers.index(preview.layer) < layers.index(session.painter.layer)
    panel.live.setChecked(False)
    assert not preview.layer.visible
    assert panel.live_text.isHidden()


def test_a_stroke_changes_the_preview(qtbot: QtBot, panel: AnnotatePanel, session: Session) -> None:
    """What was called particle everywhere and is now called pore turns into pore."""
    session.viewer.dims.current_step = (0, 9, 0, 0)
    preview, strokes = panel.preview, session.study.strokes()
    panel.live.setChecked(True)
    _wait(qtbot, preview, lambda: bool(preview.layer.data[0, 9].any()))
    assert (preview.layer.data[0, 9] == 3).any()
    everywhere = tuple(slice(0, n) for n in strokes.array.shape)
    strokes.paint(everywhere, np.where(strokes.array == 3, 1, strokes.array))
    session.painter.reload()
    _wait(qtbot, preview, lambda: not (preview.layer.data[0, 9] == 3).any())
    assert set(np.unique(preview.layer.data[0, 9])) == {1, 2}


def test_it_starts_from_the_newest_images_and_the_model_in_use(
    study: Study, trained: Callable[..., None]
) -> None:
    assert newest_basis(study).images == "images"
    assert newest_basis(study).model is None
    run_step(study, make_step("spots", {}))
    trained(study, "mine", "", 0.9)
    basis = newest_basis(study)
    assert (basis.images, basis.model) == ("images/without-spots", "mine")
    run_step(study, make_step("spots", {"size": 3}))
    assert newest_basis(study) != basis


def test_it_follows_images_that_were_made_since(
    qtbot: QtBot, panel: AnnotatePanel, session: Session, study: Study
) -> None:
    panel.live.setChecked(True)
    _wait(qtbot, panel.preview, lambda: "Preview of this slice, from" in panel.live_text.text())
    run_step(study, make_step("spots", {}))
    session.products_changed.emit("spots")
    of_the_new = "of the images “without-spots”"
    qtbot.waitUntil(lambda: of_the_new in panel.live_text.text(), timeout=_PATIENCE_MS)


def test_it_says_what_is_missing(qtbot: QtBot, panel: AnnotatePanel, session: Session) -> None:
    session.painter.undo()
    panel.live.setChecked(True)
    qtbot.waitUntil(lambda: panel.live_text.text() == "Paint two classes first.")
    assert panel.preview.layer is None


def test_it_says_that_other_views_have_none(
    qtbot: QtBot, panel: AnnotatePanel, session: Session
) -> None:
    panel.live.setChecked(True)
    session.viewer.dims.order = (0, 2, 1, 3)
    qtbot.waitUntil(lambda: "turn the axes back" in panel.live_text.text())


def test_a_closed_study_takes_the_preview_along(
    qtbot: QtBot, panel: AnnotatePanel, session: Session
) -> None:
    panel.live.setChecked(True)
    _wait(qtbot, panel.preview, lambda: bool(panel.preview.layer.visible))
    session.close_study()
    assert panel.preview.layer is None
    assert not session.viewer.layers


def test_phases_hide_while_it_is_on(panel: AnnotatePanel, session: Session) -> None:
    class Phases:
        visible = True

    phases: Any = Phases()
    session.layers.phases = phases
    panel.live.setChecked(True)
    assert not phases.visible
    panel.live.setChecked(False)
    assert phases.visible
    session.layers.phases = None


def test_it_does_without_the_layer_of_strokes(
    qtbot: QtBot, panel: AnnotatePanel, session: Session
) -> None:
    session.viewer.dims.current_step = (0, 9, 0, 0)
    session.viewer.layers.remove("strokes")
    panel.live.setChecked(True)
    _wait(qtbot, panel.preview, lambda: bool(panel.preview.layer.data[0, 9].all()))
    assert panel.preview.layer in session.viewer.layers


def test_of_two_channels_the_shipped_model_sees_the_first(
    qtbot: QtBot, panel: AnnotatePanel, session: Session, electrode: Electrode, tmp_path: Path
) -> None:
    images = np.stack([electrode.images, np.zeros_like(electrode.images)], axis=1)
    strokes = session.study.strokes().array.copy()
    study = Study.create(tmp_path / "two", images, voxel_size=electrode.voxel_size)
    study.strokes().paint(tuple(slice(0, n) for n in strokes.shape), strokes)
    session.show_study(study)
    panel.refresh()
    session.viewer.dims.current_step = (0, 9, 0, 0)
    panel.live.setChecked(True)
    _wait(qtbot, panel.preview, lambda: bool(panel.preview.layer.data[0, 9].all()))
    assert "which sees only the first channel" in panel.live_text.text()

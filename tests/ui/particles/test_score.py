from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from tifffile import imwrite

from operando.ui.particles.score import ScoreBox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session


@pytest.fixture
def box(qtbot: QtBot, session: Session, show: Callable[..., ParticleView]) -> Iterator[ScoreBox]:
    view = show(pd.DataFrame({"frame": [0], "particle": [1]}))
    box = ScoreBox(session, view)
    qtbot.addWidget(box)
    yield box
    box.close_box()


def test_a_truth_is_offered_and_scored(qtbot: QtBot, box: ScoreBox, electrode, tmp_path) -> None:
    assert not box.start.isEnabled()
    truth = electrode.ids.copy()
    truth[1] = 0
    box._session.viewer.add_labels(truth, name="truth")
    assert box.start.isEnabled()
    assert box.frame.isHidden()
    assert box.truth.currentText() == "truth"
    with qtbot.waitSignal(box._background.finished, timeout=180_000):
        box.start.click()
    qtbot.waitUntil(lambda: box.scores is not None)
    assert box.scores["recall"][0] == 1
    assert box.scores["precision"][1] == 0
    assert box.table.item(0, 0).text() == "1.000"
    rows = [box.table.verticalHeaderItem(i).text() for i in range(box.table.rowCount())]
    # The border of so small a volume cuts all particles.
    assert box.table.item(rows.index("Recall, uncut"), 0).text() == "–"
    assert box.table.item(1, 1).text() == "–"
    box._session.viewer.layers.remove("truth")
    assert not box.start.isEnabled()


def test_a_file_is_the_truth_of_one_frame(
    qtbot: QtBot, box: ScoreBox, electrode, tmp_path: Path
) -> None:
    path = tmp_path / "by hand.tif"
    truth = electrode.ids[1].copy()
    truth[:, :, : truth.shape[2] // 2] = 0
    imwrite(path, truth.astype(np.uint16))
    box.open_truth(path)
    assert box.truth.currentText() == "truth: by hand"
    layer = box._session.viewer.layers["truth: by hand"]
    assert tuple(layer.scale) == tuple(box._view.labels.scale[1:])
    assert not box.frame.isHidden()
    box.frame.setCurrentIndex(1)
    with qtbot.waitSignal(box._background.finished, timeout=180_000):
        box.start.click()
    qtbot.waitUntil(lambda: box.scores is not None)
    assert box.scores["frame"].tolist() == [1]
    assert box.scores["recall"][0] > 0.8
    assert box.scores["precision"][0] < 0.8
    assert box.table.horizontalHeaderItem(0).text() == "frame 1"


def test_a_file_of_all_frames_and_files_that_do_not_fit(
    box: ScoreBox, electrode, tmp_path: Path
) -> None:
    np.save(tmp_path / "all.npy", electrode.ids)
    box.open_truth(tmp_path / "all.npy")
    assert box._session.viewer.layers["truth: all"].data.shape == electrode.ids.shape
    assert box.frame.isHidden()
    np.save(tmp_path / "small.npy", electrode.ids[:, 1:])
    box.open_truth(tmp_path / "small.npy")
    assert "small.npy holds 2 frames" in box.hint.text()
    np.save(tmp_path / "grey.npy", electrode.ids[0].astype(np.float32))
    box.open_truth(tmp_path / "grey.npy")
    assert "whole numbers" in box.hint.text()
    assert len([x for x in box._session.viewer.layers if "truth" in x.name]) == 1


def test_frames_that_are_missing_are_said(qtbot: QtBot, box: ScoreBox, electrode) -> None:
    box._session.viewer.add_labels(np.concatenate([electrode.ids, electrode.ids]), name="truth")
    with qtbot.waitSignal(box._background.finished, timeout=180_000):
        box.start.click()
    qtbot.waitUntil(lambda: "4 frames" in box.hint.text())
    assert box.scores is None


def test_the_scores_of_a_study_go_with_it(qtbot: QtBot, box: ScoreBox, electrode) -> None:
    box._session.viewer.add_labels(electrode.ids, name="truth")
    with qtbot.waitSignal(box._background.finished, timeout=180_000):
        box.start.click()
    qtbot.waitUntil(lambda: box.scores is not None)
    assert box.hint.text()
    box.start.click()
    box._session.close_study()
    box._background.wait()
    assert box.scores is None
    assert box.hint.text() == ""
    assert box.table.isHidden()


def test_scores_of_other_particles_are_taken_away(qtbot: QtBot, box: ScoreBox, electrode) -> None:
    box.forget()
    assert box.hint.text() == ""
    box._session.viewer.add_labels(electrode.ids, name="truth")
    with qtbot.waitSignal(box._background.finished, timeout=180_000):
        box.start.click()
    qtbot.waitUntil(lambda: box.scores is not None)
    box.forget()
    assert box.scores is None
    assert box.table.isHidden()
    assert "score them again" in box.hint.text()


def test_scores_that_come_after_the_particles_changed_are_not_shown(
    box: ScoreBox, electrode
) -> None:
    box._session.viewer.add_labels(electrode.ids, name="truth")
    box.start.click()
    box.forget()
    box._background.wait()
    assert box.scores is None
    assert box.start.isEnabled()
    assert "score them again" in box.hint.text()

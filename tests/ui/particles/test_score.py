from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.files.ome_zarr import create_image
from operando.ui.particles.score import ScoreBox
from operando.ui.particles.view import ParticleView
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def box(qtbot: QtBot, study, electrode) -> Iterator[ScoreBox]:
    ids = create_image(
        study.product_path("particles/particles"),
        electrode.ids.shape,
        "int32",
        axes="tzyx",
        voxel_size=study.voxel_size,
        times=study.times,
    )
    ids[:] = electrode.ids
    session = Session(ViewerModel())
    session.show_study(study)
    view = ParticleView(session.viewer)
    table = pd.DataFrame({"frame": [0], "particle": [1]})
    view.show(study.open_array("particles/particles"), table, "p", session.layers.placement)
    box = ScoreBox(session, view)
    qtbot.addWidget(box)
    yield box
    box.close_box()
    view.close()
    session.close()


def test_a_truth_is_offered_and_scored(qtbot: QtBot, box: ScoreBox, electrode, tmp_path) -> None:
    assert box.isHidden()
    truth = electrode.ids.copy()
    truth[1] = 0
    box._session.viewer.add_labels(truth, name="truth")
    assert not box.isHidden()
    assert box.truth.currentText() == "truth"
    with qtbot.waitSignal(box._background.finished, timeout=60_000):
        box.start.click()
    qtbot.waitUntil(lambda: box.scores is not None)
    assert box.scores["recall"][0] == 1
    assert box.scores["precision"][1] == 0
    assert box.table.item(0, 0).text() == "1.000"
    assert box.table.item(1, 1).text() == "–"
    box._session.viewer.layers.remove("truth")
    assert box.isHidden()


def test_frames_that_are_missing_are_said(qtbot: QtBot, box: ScoreBox, electrode) -> None:
    box._session.viewer.add_labels(np.concatenate([electrode.ids, electrode.ids]), name="truth")
    with qtbot.waitSignal(box._background.finished, timeout=60_000):
        box.start.click()
    qtbot.waitUntil(lambda: "4 frames" in box.hint.text())
    assert box.scores is None

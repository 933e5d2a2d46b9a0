"""Facts about the open study: of that one, whichever was looked at before."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando import Study
from operando.ui.panels import study_facts
from operando.ui.panels.study_facts import StudyFacts
from operando.ui.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando.data import Series
    from operando.files import Description


@pytest.fixture
def flat(tmp_path: Path) -> Study:
    """A study of one grey value, of which a warning tells."""
    return Study.create(tmp_path / "flat", np.full((1, 8, 16, 16), 7, np.uint8), (1, 1, 1), [5.0])


def test_a_study_that_is_opened_while_another_is_looked_at_is_described(
    qtbot: QtBot, study: Study, flat: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images on slow disks take long to look at."""
    describe, go_on = study_facts.describe, Event()

    def slowly(series: Series) -> Description:
        if series.n_frames > 1:
            go_on.wait()
        return describe(series)

    monkeypatch.setattr(study_facts, "describe", slowly)
    session = Session(ViewerModel())
    facts = StudyFacts(session)
    qtbot.addWidget(facts)
    session.study_changed.connect(facts.refresh)
    session.show_study(study)
    facts.edit.setChecked(True)
    session.show_study(flat)
    assert not facts.edit.isChecked(), "the voxel size of the other study would be applied"
    go_on.set()
    qtbot.waitUntil(lambda: not facts.is_busy and facts.warnings.text() != "")
    assert "one grey value" in facts.warnings.text()
    assert facts.histogram.isHidden()
    session.close()


def test_another_voxel_size_leaves_the_time_of_a_single_frame(qtbot: QtBot, flat: Study) -> None:
    session = Session(ViewerModel())
    facts = StudyFacts(session)
    qtbot.addWidget(facts)
    session.show_study(flat)
    facts.refresh()
    facts.edit.setChecked(True)
    facts.calibration.sizes[0].setValue(2.0)
    facts.apply.click()
    assert flat.voxel_size == (2, 2, 2)
    assert flat.times == (5.0,)
    qtbot.waitUntil(lambda: not facts.is_busy)
    session.close()

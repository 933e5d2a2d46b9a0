from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.jobs import JobState
from operando.steps import STEPS
from operando.study.fields import UnfinishedField
from operando.ui.layers.study_results import RIGID_AND_STRETCH, StudyStrain
from operando.ui.strain.display import StrainDisplay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando.data import DisplacementField
    from operando.ui.session import Session

STEP = STEPS["strain"](window=11, spacing=4)


class Running:
    """A measurement under way, as far as the session tells of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        assert session.study is not None
        path = session.study.product_path("strain/000-001")
        self.unfinished = UnfinishedField(path, "a plan")
        self.job = SimpleNamespace(step=STEP, state=JobState.RUNNING, progress=None)
        session.job, session._under_way = self.job, True  # type: ignore[assignment]

    def shows(self, field: DisplacementField) -> None:
        self.unfinished.save_preview(field)
        self.session.job_changed.emit()

    def ends(self, state: JobState) -> None:
        self.job.state, self.session._under_way = state, False
        self.session.job_changed.emit()


@pytest.fixture
def session(session: Session) -> Iterator[Session]:
    yield session
    session.job = None


@pytest.fixture
def strain(session: Session) -> Iterator[StudyStrain]:
    strain = StudyStrain(session)
    yield strain
    strain.close()


def shown(strain: StudyStrain) -> float:
    assert strain.view.layer is not None
    return float(strain.view.layer.data[1, 1, 1, 1])


def volume_change(stretch: float) -> float:
    return 100 * ((1 + stretch) ** 3 - 1)


def test_a_preview_is_shown_marked_and_renewed(
    session: Session, strain: StudyStrain, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    running = Running(session)
    session.job_changed.emit()
    assert strain.view.layer is None
    running.shows(uniform_stretch(0.01))
    assert shown(strain) == pytest.approx(volume_change(0.01), rel=1e-5)
    layer = strain.view.layer
    assert layer is not None
    assert layer.name == "preview · volume change (%) since frame 0"
    assert strain.pairs == []
    assert strain.field is None
    assert strain.measured is None
    running.shows(uniform_stretch(0.02))
    assert strain.view.layer is layer
    assert shown(strain) == pytest.approx(volume_change(0.02), rel=1e-5)
    strain.remove(RIGID_AND_STRETCH)
    assert shown(strain) == pytest.approx(0, abs=1e-6)


def test_what_was_there_comes_back_when_the_measurement_is_stopped(
    session: Session, strain: StudyStrain, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    assert session.study is not None
    session.study.write_field("000-001", uniform_stretch(0.03))
    strain.refresh()
    running = Running(session)
    running.shows(uniform_stretch(0.01))
    assert shown(strain) == pytest.approx(volume_change(0.01), rel=1e-5)
    running.ends(JobState.CANCELLED)
    assert shown(strain) == pytest.approx(volume_change(0.03), rel=1e-5)
    assert strain.view.layer is not None
    assert "preview" not in strain.view.layer.name


def test_nothing_is_left_of_a_stopped_first_measurement(
    session: Session, strain: StudyStrain, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    running = Running(session)
    running.shows(uniform_stretch(0.01))
    running.ends(JobState.CANCELLED)
    assert strain.view.layer is None
    assert strain.preview.field is None


def test_the_result_takes_its_place(
    session: Session, strain: StudyStrain, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    running = Running(session)
    running.shows(uniform_stretch(0.01))
    running.unfinished.finish(uniform_stretch(0.02))
    running.job.state, session._under_way = JobState.FINISHED, False
    session.products_changed.emit("strain")
    session.job_changed.emit()
    assert strain.field is not None
    assert shown(strain) == pytest.approx(volume_change(0.02), rel=1e-5)
    assert strain.view.layer is not None
    assert "preview" not in strain.view.layer.name


def test_the_panel_says_that_it_is_a_preview(
    qtbot: QtBot,
    session: Session,
    strain: StudyStrain,
    uniform_stretch: Callable[[float], DisplacementField],
) -> None:
    display = StrainDisplay(strain)
    qtbot.addWidget(display)
    running = Running(session)
    field = uniform_stretch(0.01)
    running.shows(field)
    assert display.isVisibleTo(None)
    assert session.study is not None
    gauge = float(np.mean(np.multiply(field.gauge_length, session.study.voxel_size)))
    assert f"strain averages over {gauge:.3g} µm" in display.note.text()
    assert not display.pair.isEnabled()
    running.ends(JobState.CANCELLED)
    assert display.isHidden()
    display.unlink()

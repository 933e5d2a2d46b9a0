from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from operando.compute import Progress
from operando.jobs import JobState
from operando.ui.jobs.bar import JobBar, duration, progress_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def _job(state: JobState, **attributes: Any) -> Any:
    job = {
        "progress": None,
        "error": "",
        "details": "",
        "step": SimpleNamespace(title="Train", goes_on=True),
    }
    return SimpleNamespace(state=state, **(job | attributes))


@pytest.fixture
def bar(qtbot: QtBot) -> JobBar:
    bar = JobBar()
    qtbot.addWidget(bar)
    bar.show()
    return bar


def test_progress_is_told_in_one_line() -> None:
    progress = Progress(
        done=62,
        total=100,
        message="Training",
        seconds_left=21.2,
        values={"loss": 0.2, "held_out_dice": 0.941},
    )
    job = _job(JobState.RUNNING, progress=progress)
    assert progress_text(job) == "Training · 62 % · 0:21 left · held-out Dice 0.94"
    assert progress_text(_job(JobState.RUNNING)) == "Train · starting …"
    assert progress_text(_job(JobState.CANCELLING)) == "Cancelling …"


def test_how_many_steps_follow_is_told() -> None:
    running = _job(JobState.RUNNING)
    assert progress_text(running, 2) == "Train · starting … · then 2 more"
    running = _job(JobState.RUNNING, progress=Progress(done=1, total=4, message="Training"))
    assert progress_text(running, 1) == "Training · 25 % · then 1 more"
    assert progress_text(_job(JobState.CANCELLING), 2) == "Cancelling …"


def test_durations() -> None:
    assert [duration(s) for s in (0, 59.6, 75, 3723)] == ["0:00", "1:00", "1:15", "1:02:03"]


def test_a_running_job_can_be_cancelled_once(qtbot: QtBot, bar: JobBar) -> None:
    bar.set_job(_job(JobState.RUNNING, progress=Progress(done=1, total=4)))
    assert bar.bar.value() == 250
    with qtbot.waitSignal(bar.cancelled):
        bar.cancel.click()
    bar.set_job(_job(JobState.CANCELLING))
    assert not bar.cancel.isEnabled()


def test_what_a_cancelled_job_left_is_told(bar: JobBar) -> None:
    bar.set_job(_job(JobState.CANCELLED))
    assert "goes on where it stopped" in bar.message.text()
    at_once = SimpleNamespace(title="Particles", goes_on=False)
    bar.set_job(_job(JobState.CANCELLED, step=at_once))
    assert bar.message.text() == "Cancelled; what was there before is unchanged."


def test_unknown_length_shows_a_busy_bar(bar: JobBar) -> None:
    bar.set_job(_job(JobState.RUNNING))
    assert bar.bar.maximum() == 0
    assert bar.message.isVisible()
    assert bar.message.text() == "Train · starting …"
    bar.set_job(_job(JobState.RUNNING, progress=Progress(done=1, total=4)))
    assert not bar.message.isVisible()


def test_failure_is_a_sentence_with_details(bar: JobBar) -> None:
    bar.set_job(_job(JobState.FAILED, error="The disk is full", details="Traceback"))
    assert not bar.bar.isVisible()
    assert bar.message.text() == "⚠ The disk is full"
    assert bar.details.isVisible()
    bar.set_job(None)
    assert not bar.message.isVisible()
    assert not bar.details.isVisible()

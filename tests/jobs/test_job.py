from __future__ import annotations

import multiprocessing
import os
import signal
import time
from types import SimpleNamespace

import pytest

from operando.errors import StudyError
from operando.jobs import Job, JobState
from operando.jobs.worker import Stopped
from operando.steps import make_step

PATIENCE = 120


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def reports(job):
    job.poll()
    return bool(job.reports) or job.state.is_over


@pytest.fixture
def long_training(study):
    job = Job(study, make_step("train", {"settings": {"effort": "thorough"}}))
    job.start()
    wait_until(lambda: reports(job))
    assert job.state is JobState.RUNNING
    yield job
    job.cancel()
    job.wait(PATIENCE)


def test_a_finished_job_leaves_its_result_in_the_study(study):
    job = Job(study, make_step("strain", {"window": 15, "spacing": 8}))
    assert job.state is JobState.WAITING
    job.start()
    assert job.wait(PATIENCE) is JobState.FINISHED, job.error
    assert job.entry == study.entries[-1]
    assert study.products("strain") == ["000-001"]
    assert job.progress is not None


def test_cancel_stops_within_moments_and_leaves_nothing(study, long_training):
    long_training.cancel()
    assert long_training.state is JobState.CANCELLING
    assert long_training.wait(10) is JobState.CANCELLED
    assert study.products("models") == []
    assert study.entries == []


def test_the_loss_is_reported_while_it_trains(long_training):
    values = long_training.reports[0].values
    assert values["loss"] > 0


def test_a_crash_of_the_child_is_one_sentence(study, long_training):
    os.kill(long_training.pid, signal.SIGKILL)
    assert long_training.wait(10) is JobState.FAILED
    assert "ended without a word" in long_training.error
    assert study.products("models") == []


def test_an_error_for_the_user_arrives_with_its_traceback(study):
    job = Job(study, make_step("strain", {"reference": 7}))
    job.start()
    assert job.wait(PATIENCE) is JobState.FAILED
    assert job.error == "There is no frame 7; the study has the frames 0 to 1"
    assert "Traceback" in job.details


def test_nobody_waits_for_a_child_that_takes_its_time_to_leave(study):
    """The window asks twenty times a second, and would stand still meanwhile."""
    job, there = Job(study, make_step("strain", {})), [True]
    job._connection, child = multiprocessing.Pipe(duplex=False)
    job._process, job.state = SimpleNamespace(is_alive=there.pop), JobState.RUNNING
    child.send(Stopped())
    assert job.poll() is JobState.RUNNING
    there.append(False)
    assert job.poll() is JobState.CANCELLED


def test_a_job_runs_once(long_training):
    with pytest.raises(StudyError, match="already running"):
        long_training.start()


def test_cancelling_before_the_start(study):
    job = Job(study, make_step("strain", {}))
    job.cancel()
    assert job.state is JobState.CANCELLED

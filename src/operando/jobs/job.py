"""A step that runs in a child process."""

from __future__ import annotations

import multiprocessing
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from operando.compute.progress import Progress
from operando.errors import StudyError
from operando.jobs.worker import Failed, Finished, Stopped, work

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from operando.steps.step import Step
    from operando.study import Study
    from operando.study.record import Entry

_SECONDS_TO_STOP = 0.8
_SECONDS_TO_LEAVE = 5.0


class JobState(StrEnum):
    """Life of a job: waiting, running, (cancelling,) then one of the last three."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in {JobState.FINISHED, JobState.CANCELLED, JobState.FAILED}


class Job:
    """Runs one step of a study in a spawned child process.

    The window stays free, a crash takes nothing along, and the memory (also of a GPU) comes back
    when it ends. Nothing happens by itself in the parent: call `poll` from a timer or a loop.

    Parameters
    ----------
    study
        Held by this program; the child writes on its behalf.
    step
        What to do.

    Attributes
    ----------
    state : JobState
    progress : Progress or None
        The latest record.
    reports : list of Progress
        Records that carry values, in order: the curves.
    entry : Entry or None
        What was recorded, once finished.
    error, details : str
        A sentence and a traceback, once failed.
    """

    def __init__(self, study: Study, step: Step) -> None:
        self.step = step
        self.state = JobState.WAITING
        self.progress: Progress | None = None
        self.reports: list[Progress] = []
        self.entry: Entry | None = None
        self.error = ""
        self.details = ""
        self._study = study
        self._lock_token = study.lock_token
        self._context = multiprocessing.get_context("spawn")
        self._cancel = self._context.Event()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._cancelled_at = self._ended_at = 0.0
        self._outcome: JobState | None = None

    @property
    def pid(self) -> int | None:
        """Process number of the child, once started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Spawn the child process."""
        if self.state is not JobState.WAITING:
            raise StudyError(f"This job is already {self.state}", "make a new one")
        ours, theirs = self._context.Pipe(duplex=False)
        self._process = self._context.Process(
            target=work,
            args=(
                str(self._study.path),
                self._lock_token,
                self.step.name,
                self.step.model_dump(mode="json"),
                theirs,
                self._cancel,
            ),
            name=f"operando {self.step.name}",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._connection = ours
        self.state = JobState.RUNNING

    def cancel(self) -> None:
        """Ask the child to stop; after a moment it is ended."""
        if self.state is JobState.WAITING:
            self.state = JobState.CANCELLED
        elif self.state is JobState.RUNNING:
            self._cancel.set()
            self._cancelled_at = time.monotonic()
            self.state = JobState.CANCELLING

    def poll(self) -> JobState:
        """Take in what the child has sent since the last call.

        The job is over when the child has left, for which nobody is kept waiting: after its last
        word that takes a second or more.
        """
        if self._connection is None or self._process is None or self.state.is_over:
            return self.state
        try:
            while self._outcome is None and self._connection.poll():
                self._receive(self._connection.recv())
        except (EOFError, OSError):
            self._lost()
        if self.state is JobState.CANCELLING and self._outcome is None and self._has_waited():
            self._process.terminate()
            self._end(JobState.CANCELLED)
        if self._outcome is not None and self._has_left(self._process):
            self._connection.close()
            self.state = self._outcome
            if self.state is not JobState.FINISHED and self._study.writable:
                self._study.settle_runs()
        return self.state

    def wait(self, timeout: float | None = None) -> JobState:
        """Block until the job is over or `timeout` seconds have passed."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.poll().is_over and (end is None or time.monotonic() < end):
            time.sleep(0.02)
        return self.state

    def _receive(self, message: Progress | Finished | Failed | Stopped) -> None:
        match message:
            case Progress():
                self.progress = message
                if message.values:
                    self.reports.append(message)
            case Finished(entry):
                self.entry = entry
                self._end(JobState.FINISHED)
            case Failed(sentence, details):
                self.error, self.details = sentence, details
                self._end(JobState.FAILED)
            case Stopped():
                self._end(JobState.CANCELLED)

    def _end(self, outcome: JobState) -> None:
        """Note what became of the job; it is over when the child has left."""
        self._outcome, self._ended_at = outcome, time.monotonic()

    def _has_left(self, process: BaseProcess) -> bool:
        return not process.is_alive() or time.monotonic() - self._ended_at > _SECONDS_TO_LEAVE

    def _has_waited(self) -> bool:
        return time.monotonic() - self._cancelled_at > _SECONDS_TO_STOP

    def _lost(self) -> None:
        """Note that the child went without a word: cancelled, killed, or out of memory."""
        if self.state is JobState.CANCELLING:
            self._end(JobState.CANCELLED)
            return
        code = self._process.exitcode if self._process is not None else None
        self.error = (
            f"The process that ran {self.step.title} ended without a word (exit code {code}); "
            "the machine may have run out of memory"
        )
        self._end(JobState.FAILED)

"""What ties a viewer, a study and the job that runs on it; knows no Qt."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from operando.errors import StudyError
from operando.jobs import Job, JobState
from operando.steps import step_status
from operando.ui.layers.study_layers import StudyLayers
from operando.ui.opening import load_study

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from operando.steps import Step, StepStatus
    from operando.study import Study
    from operando.ui.strokes.painter import StrokePainter

_SECONDS_TO_STOP = 3.0


class Session:
    """The study that is open in a viewer, its layers, and at most one job.

    Nothing happens by itself: call `poll` from a timer while `is_busy`.

    Parameters
    ----------
    viewer
        napari viewer or its model.
    turns
        Called with pieces of work that the window need not wait for; by default they are done at
        once.

    Attributes
    ----------
    viewer
        As given.
    study : Study or None
        What is open.
    layers : StudyLayers or None
        Images, strokes and phases of the study in the viewer, and where further layers are placed.
    job : Job or None
        The running job, or the last one of this study.
    failed : list of Job
        Those that failed since the queue was last empty.
    """

    study_changed = Signal()
    """Another study was opened, the study was closed, or its calibration changed."""

    products_changed = Signal(str)
    """A step finished; carries its name."""

    strokes_changed = Signal()
    """Strokes or classes changed, or others are painted now."""

    job_changed = Signal()
    """A job started, moved on or ended."""

    settling = Signal()
    """A job starts, or the study is closed or calibrated: end what else writes into it now."""

    def __init__(
        self, viewer: Any, turns: Callable[[Callable[[], None]], None] | None = None
    ) -> None:
        self.viewer = viewer
        self._turns = turns
        self.study: Study | None = None
        self.layers: StudyLayers | None = None
        self.job: Job | None = None
        self.failed: list[Job] = []
        self._waiting: list[Step] = []
        self._queue: list[tuple[Step, ...]] = []
        self._under_way = False
        self._statuses: dict[str, StepStatus] = {}
        self._release: weakref.finalize[..., Session] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job runs, or has ended and `poll` has not taken that in yet."""
        return self._under_way

    @property
    def painter(self) -> StrokePainter | None:
        """What paints strokes, while a study is open."""
        return self.layers.painter if self.layers else None

    @property
    def painter_again(self) -> StrokePainter | None:
        """What paints strokes a second time, while that is done."""
        return self.layers.again if self.layers else None

    def open_study(self, path: str | os.PathLike[str]) -> Study:
        """Open a study from disk and show it; see `Study.open` for what may be wrong."""
        if self.study is not None and self.holds(path):
            return self.study
        return self.show_study(load_study(path))

    def holds(self, path: str | os.PathLike[str]) -> bool:
        """Tell whether the study at a path is the one that is open."""
        return self.study is not None and self.study.path.resolve() == Path(path).resolve()

    def show_study(self, study: Study) -> Study:
        """Show a study that is open already; the session closes it when it is done with it."""
        self.close_study()
        self.study = study
        self._release = weakref.finalize(self, study.close)
        self.layers = StudyLayers(self.viewer, study, self.later)
        self.layers.painter.stroked.connect(self._on_stroked)
        self._statuses.clear()
        self.study_changed.emit()
        return study

    def later(self, work: Callable[[], None]) -> None:
        """Do a piece of work when the window has time, unless another study is open by then."""
        study = self.study

        def work_if_still_open() -> None:
            if self.study is study:
                work()

        if self._turns is None:
            work()
        else:
            self._turns(work_if_still_open)

    def close_study(self) -> None:
        """Stop the job, take the layers away and let others open the study."""
        if self.study is None:
            return
        self.settling.emit()
        self._stop_job()
        if self.layers is not None:
            self.layers.close()
        if self._release is not None:
            self._release()
        self.study = self.layers = self.job = self._release = None
        self._statuses.clear()
        self.study_changed.emit()

    def calibrate(
        self, voxel_size: Sequence[float] | None = None, times: Sequence[float] | None = None
    ) -> None:
        """Correct voxel size (µm) or frame times (hours) and show everything anew.

        Raises
        ------
        InputError
            If they make no sense; nothing is changed then.
        StudyError
            If no study is open, or a job runs on it.
        """
        study = self._open_study()
        self.check_idle()
        self.settling.emit()
        study.calibrate(voxel_size, times)
        if self.layers is not None:
            self.layers.rebuild()
        self._statuses.clear()
        self.study_changed.emit()

    def run(self, *steps: Step) -> Job:
        """Run steps one after the other in child processes; returns the first one's job.

        Raises
        ------
        StudyError
            If no study is open, or a job runs already.
        """
        self._open_study()
        self.check_idle()
        self.failed.clear()
        first, *self._waiting = steps
        return self._start(first)

    @property
    def steps_to_come(self) -> int:
        """How many steps go with the present job and run after it."""
        return len(self._waiting)

    @property
    def queue(self) -> tuple[tuple[Step, ...], ...]:
        """What runs after the present job and the steps that go with it, in order."""
        return tuple(self._queue)

    def enqueue(self, *steps: Step) -> None:
        """Run steps one after the other, now or after what runs and waits already.

        If one fails or is cancelled the steps after it are left out, and the queue goes on.

        Raises
        ------
        StudyError
            If no study is open.
        """
        self._open_study()
        if not self.is_busy:
            self.run(*steps)
            return
        self._queue.append(steps)
        self.job_changed.emit()

    def drop(self, steps: tuple[Step, ...]) -> None:
        """Take steps out of the queue."""
        if steps in self._queue:
            self._queue.remove(steps)
            self.job_changed.emit()

    def cancel(self) -> None:
        """Ask the running job to stop and forget the steps that go with it; the queue goes on."""
        self._waiting.clear()
        if self.job is not None and self.is_busy:
            self.job.cancel()
            self.job_changed.emit()

    def poll(self) -> None:
        """Take in what the job has sent; go on with the next step when it has finished."""
        if self.job is None or not self._under_way:
            return
        before = self.job.progress
        state = self.job.poll()
        self._under_way = not state.is_over
        try:
            if state is JobState.FINISHED:
                self._finished(self.job)
            elif state.is_over:
                self._waiting.clear()
                if state is JobState.FAILED:
                    self.failed.append(self.job)
            if not self._under_way and self._queue:
                first, *self._waiting = self._queue.pop(0)
                self._start(first)
        finally:
            if state.is_over or self.job.progress != before:
                self.job_changed.emit()

    def status(self, step_name: str) -> StepStatus | None:
        """State of a step in the open study; None without one."""
        if self.study is None:
            return None
        if step_name not in self._statuses:
            self._statuses[step_name] = step_status(self.study, step_name)
        return self._statuses[step_name]

    def edited(self) -> None:
        """Look up anew what is out of date: a product was changed by hand."""
        self._statuses.clear()
        self.job_changed.emit()

    def check_idle(self) -> None:
        """Make sure that no job runs.

        Raises
        ------
        StudyError
            If one does.
        """
        if self.job is not None and self.is_busy:
            raise StudyError(
                f"{self.job.step.title} is still running", "wait for it, or cancel it first"
            )

    def close(self) -> None:
        """Stop the job and close the study."""
        self.close_study()

    def _start(self, step: Step) -> Job:
        study = self._open_study()
        self.settling.emit()
        study.strokes().flush()
        self.job = Job(study, step)
        self.job.start()
        self._under_way = True
        self.job_changed.emit()
        return self.job

    def _on_stroked(self) -> None:
        self._statuses.clear()
        self.strokes_changed.emit()

    def _finished(self, job: Job) -> None:
        self._statuses.clear()
        if self.layers is not None:
            self.layers.update(job.step.name)
        self.products_changed.emit(job.step.name)
        if self._waiting:
            self._start(self._waiting.pop(0))

    def _stop_job(self) -> None:
        self._waiting.clear()
        self._queue.clear()
        self.failed.clear()
        if self.job is not None and self.is_busy:
            self.job.cancel()
            self.job.wait(_SECONDS_TO_STOP)
            self._under_way = False
            self.job_changed.emit()

    def _open_study(self) -> Study:
        if self.study is None:
            raise StudyError("No study is open", "open or create one first")
        return self.study

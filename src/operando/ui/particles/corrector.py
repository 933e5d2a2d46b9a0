"""Corrections of particles in a thread, one after the other, in the order they were asked for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Signal

from operando.errors import InputError, OperandoError
from operando.steps import STEPS, make_step
from operando.steps.corrections import Corrections
from operando.steps.particle_motion import join_motion
from operando.study.edits import read_edits
from operando.ui.jobs.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from operando.steps import Step
    from operando.steps.corrections import Change
    from operando.study import Study
    from operando.ui.session import Session

NAME = "particles"


@dataclass(frozen=True)
class Task:
    """A correction, or taking one back or bringing it back.

    Parameters
    ----------
    kind
        Which of these.
    doing, done
        What is said meanwhile and afterwards.
    work
        Does it; runs in a thread.
    """

    kind: Literal["apply", "undo", "redo"]
    doing: str
    done: str
    work: Callable[[Corrections], Change | None]


class Corrector(QObject):
    """Does corrections of the open study; what waits is done before a job starts or it is closed.

    Parameters
    ----------
    session
        The open study.
    parent
        Owner.
    """

    moved = Signal()
    """A correction was asked for, or ended; comes before `corrected` and `failed`."""

    corrected = Signal(object, object, object)
    """Task, `Change` (None if there was nothing to do) and the table of particles after it."""

    failed = Signal(object)
    """`OperandoError` of a correction that changed nothing."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._corrections: Corrections | None = None
        self._waiting: deque[Task] = deque()
        self._running: Task | None = None
        self._counts: tuple[int, int] | None = None
        self._background = Background(self)
        session.settling.connect(self.finish)

    @property
    def is_busy(self) -> bool:
        """Whether a correction runs."""
        return self._running is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction to take back, once those that wait are done."""
        return self._count()[0] > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is one to bring back, once those that wait are done."""
        return self._count()[1] > 0

    def doing(self) -> str:
        """Say what runs, and how many wait; empty if nothing runs."""
        if self._running is None:
            return ""
        more = f" {len(self._waiting)} more to do." if self._waiting else ""
        return f"{self._running.doing}…{more}"

    def add(self, task: Task) -> None:
        """Do a correction as soon as those before it are done; refused while a job runs."""
        try:
            self._session.check_idle()
        except OperandoError as error:
            self.failed.emit(error)
            return
        done, undone = self._count()
        counts = {"apply": (done + 1, 0), "undo": (done - 1, undone + 1)}
        self._counts = counts.get(task.kind, (done + 1, undone - 1))
        self._waiting.append(task)
        if self._running is None:
            self._next()
        self.moved.emit()

    def finish(self) -> None:
        """Wait until all corrections are done."""
        while self.is_busy:
            self._background.wait()

    def forget(self) -> None:
        """Read the corrections anew: the particles were found again, or there are others."""
        self.finish()
        self._corrections = self._counts = None

    def close(self) -> None:
        """Do what waits and listen no more."""
        self.finish()
        self._session.settling.disconnect(self.finish)

    def _count(self) -> tuple[int, int]:
        """How many can be taken back and brought back; none if their list cannot be read."""
        if self._counts is None:
            study = self._session.study
            try:
                edits = read_edits(study.path, NAME) if study is not None else None
            except OperandoError:
                edits = None  # the first correction will say so
            self._counts = (len(edits.done), len(edits.undone)) if edits is not None else (0, 0)
        return self._counts

    def _next(self) -> None:
        study = self._session.study
        if not self._waiting or study is None:
            return
        self._running = task = self._waiting.popleft()
        work = partial(_correct, task, study, self._corrections or self._step())
        self._background.start(work, self._on_done, self._on_failed)

    def _step(self) -> Step:
        """Make the step that found the particles, with its settings."""
        status = self._session.status(NAME)
        known = status.entry if status is not None else None
        return make_step(NAME, known.settings) if known else STEPS[NAME]()

    def _on_done(self, outcome: tuple[Corrections, Change | None, pd.DataFrame]) -> None:
        self._corrections, change, table = outcome
        task = self._end()
        self.corrected.emit(task, change, table)

    def _on_failed(self, error: OperandoError) -> None:
        if not isinstance(error, InputError):
            self._corrections = None  # opening it again takes back what was not finished
        # What was to be taken back may be what has failed, not the correction before it.
        self._waiting = deque(task for task in self._waiting if task.kind == "apply")
        self._end()
        self.failed.emit(error)

    def _end(self) -> Task | None:
        """Go on with the next one."""
        task, self._running = self._running, None
        self._next()
        if self._running is None:
            self._counts = None
        self.moved.emit()
        return task


def _correct(task: Task, study: Study, source: Any) -> tuple[Any, ...]:
    """Do a task; `source` is the step of the particles as long as nothing was corrected yet."""
    corrections = source if isinstance(source, Corrections) else Corrections(study, source)
    change = task.work(corrections)
    return corrections, change, join_motion(study, corrections.table)

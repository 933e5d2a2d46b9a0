"""Steps on the workers of a dask scheduler: as many at once as do not wait for each other.

Workers see the folder of the study, on a file system that they share with this program, and write
into it what the steps make; nothing but settings and progress goes through the scheduler. This
program holds the study and records what ran.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando import __version__
from operando.compute.progress import Progress
from operando.errors import Cancelled, InputError, OperandoError, StudyError
from operando.steps.registry import make_step
from operando.steps.run import StartedStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from distributed import Client, Future

    from operando.compute.progress import ProgressCallback
    from operando.steps.step import Step, StepResult
    from operando.study import Study
    from operando.study.record import Entry

_SECONDS_BETWEEN_REPORTS = 0.5
_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_TO_CONNECT = 20
_SECONDS_TO_STOP = 20
_SHARES = 1000
"""Units that the work of every step is counted in."""


def run_on_cluster(
    study: Study, steps: Sequence[Step], scheduler: str, progress: ProgressCallback | None = None
) -> Iterator[tuple[Step, Entry]]:
    """Run steps on a cluster; those that do not need each other's results run side by side.

    Frames of a step that come apart are done by several workers (`Step.frames_apart`).
    If a step fails, those that are running are finished and recorded before its error is raised.

    Parameters
    ----------
    study
        Open for writing, in a folder that workers see under the same path.
    steps
        In an order in which they could run one after the other.
    scheduler
        Address of a dask scheduler, such as ``tcp://10.0.0.1:8786``, or its scheduler file.
    progress
        Told of all steps together; may raise `Cancelled`.

    Yields
    ------
    Every step with its record, as soon as it has run.

    Raises
    ------
    InputError
        If there is no such scheduler.
    StudyError
        If dask.distributed is not installed, a worker cannot see the study or has another version
        of this package, or is lost.
    OperandoError
        What a step raises.
    """
    with _connected(scheduler) as client:
        crew = _Crew(client, study, progress)
        try:
            yield from crew.run(steps)
        finally:
            crew.stop()


@dataclass(frozen=True)
class _Planned:
    """A step with the products that it reads and writes."""

    step: Step
    reads: frozenset[str]
    writes: frozenset[str]

    @classmethod
    def of(cls, step: Step, study: Study) -> _Planned:
        return cls(step, frozenset(step.inputs(study)), frozenset(step.outputs(study)))

    def waits_for(self, earlier: _Planned) -> bool:
        """Tell whether an earlier step must be done first.

        Steps that name nothing that they read wait for all others, and all others for them.
        """
        alone = not self.reads or not earlier.reads
        touched = self.reads | self.writes
        return alone or bool(earlier.writes & touched or earlier.reads & self.writes)


@dataclass
class _AtWork:
    """A step of which workers do the frames, and then the whole."""

    planned: _Planned
    started: StartedStep
    futures: list[Future]
    ends: bool
    """Whether the future left is that of the whole."""

    done: int = 0
    failed: bool = False


class _Crew:
    """The workers, and what they are doing for a study."""

    def __init__(self, client: Client, study: Study, progress: ProgressCallback | None) -> None:
        self._client = client
        self._study = study
        self._progress = progress
        self._topic = f"operando-{uuid.uuid4().hex}"
        self._at_work: list[_AtWork] = []
        self._shares: dict[str, float] = {}
        """By the key of a future, how much of it is done."""
        client.subscribe_topic(self._topic, self._hear)

    def run(self, steps: Sequence[Step]) -> Iterator[tuple[Step, Entry]]:
        waiting = [_Planned.of(step, self._study) for step in steps]
        failure: OperandoError | None = None
        while self._at_work or (waiting and failure is None):
            for ready in self._ready(waiting) if failure is None else ():
                waiting.remove(ready)
                try:
                    self._start(ready)
                except OperandoError as error:
                    failure = failure or error
            for work in list(self._at_work):
                try:
                    result = self._look_at(work)
                except OperandoError as error:
                    failure, result, work.failed = failure or error, None, True
                if not work.futures:
                    self._at_work.remove(work)
                if result is not None:
                    yield work.planned.step, work.started.record(result)
                elif not work.futures:
                    work.started.end()
            self._report(len(waiting), len(steps))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if failure is not None:
            raise failure

    def stop(self) -> None:
        """End what still runs."""
        from distributed import Event

        futures = [future for work in self._at_work for future in work.futures]
        if futures:
            Event(self._topic, client=self._client).set()
            end = time.monotonic() + _SECONDS_TO_STOP
            while not all(future.done() for future in futures) and time.monotonic() < end:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        for work in self._at_work:
            work.started.end()

    def _ready(self, waiting: Sequence[_Planned]) -> list[_Planned]:
        before = [*(work.planned for work in self._at_work), *waiting]
        return [
            planned
            for n, planned in enumerate(waiting, len(self._at_work))
            if not any(planned.waits_for(earlier) for earlier in before[:n])
        ]

    def _start(self, planned: _Planned) -> None:
        started = StartedStep(self._study, planned.step)
        try:
            frames = planned.step.frames_apart(self._study)
        except OperandoError:
            started.end()
            raise
        apart = frames if len(frames) > 1 else [None]
        futures = [self._submit(planned.step, t) for t in apart]
        self._at_work.append(_AtWork(planned, started, futures, ends=len(frames) <= 1))

    def _submit(self, step: Step, frame: int | None) -> Future:
        return self._client.submit(
            _work,
            str(self._study.path.resolve()),
            self._study.lock_token,
            step.name,
            step.model_dump(mode="json"),
            frame,
            self._topic,
            __version__,
            pure=False,
        )

    def _look_at(self, work: _AtWork) -> StepResult | None:
        """Return the result if the whole is done; when all frames are, hand out the whole."""
        step = work.planned.step
        for future in [f for f in work.futures if f.done()]:
            work.futures.remove(future)
            work.done += 1
            result = _result(future, step)
            if work.ends:
                return result
        if not work.futures and not work.failed:
            work.futures, work.ends = [self._submit(step, None)], True
        return None

    def _hear(self, event: tuple[float, tuple[str, float]]) -> None:
        key, share = event[1]
        self._shares[key] = share

    def _report(self, waiting: int, total: int) -> None:
        if self._progress is None:
            return
        done = float(total - waiting - len(self._at_work))
        begun = 0
        for work in self._at_work:
            shares = [self._shares[f.key] for f in work.futures if f.key in self._shares]
            begun += len(shares)
            done += (work.done + sum(shares)) / (work.done + len(work.futures))
        titles = ", ".join(sorted({work.planned.step.title for work in self._at_work}))
        handed_out = sum(len(work.futures) for work in self._at_work)
        message = (
            f"{titles}: {begun} of {handed_out} parts at work" if begun else "Waiting for workers"
        )
        self._progress(Progress(done=round(_SHARES * done), total=_SHARES * total, message=message))


def _result(future: Future, step: Step) -> StepResult | None:
    try:
        result: StepResult | None = future.result()
    except OperandoError:
        raise
    except Exception as error:
        raise StudyError(
            f"{step.title} failed on the cluster ({type(error).__name__}: {error})",
            "see the log of the worker; it may have run out of memory",
        ) from error
    return result


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError:
        raise StudyError(
            "dask.distributed is not installed", 'pip install "napari-operando[cluster]"'
        ) from None
    file = Path(scheduler)
    where: dict[str, Any] = {"scheduler_file": scheduler} if file.is_file() else {}
    try:
        client = Client(
            **(where or {"address": scheduler}),
            timeout=_SECONDS_TO_CONNECT,
            set_as_default=False,
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"There is no dask scheduler at {scheduler!r} ({error})",
            "give the address that `dask scheduler` shows, or its scheduler file",
        ) from error
    with client:
        yield client


def _work(
    path: str,
    lock_token: str,
    name: str,
    settings: dict[str, Any],
    frame: int | None,
    topic: str,
    version: str,
) -> StepResult | None:
    """Run one step, or one frame of it; on the worker."""
    from distributed import get_worker

    from operando.study import Study

    here = get_worker().address
    if version != __version__:
        raise StudyError(
            f"The worker {here} has napari-operando {__version__}, this program {version}",
            "install the same version on both",
        )
    if not Path(path).is_dir():
        raise StudyError(
            f"The worker {here} does not see {path}",
            "put the study and its images on a file system that all machines share",
        )
    with Study.open(path, lock_token=lock_token) as study:
        step = make_step(name, settings)
        if frame is None:
            return step.run(study, _Reporter(topic))
        step.run_frame(study, frame, _Reporter(topic))
        return None


class _Reporter:
    """Tells the program that holds the study how far a step is, and hears when to stop."""

    def __init__(self, topic: str) -> None:
        from distributed import Event, get_client, get_worker

        self._worker = get_worker()
        self._key = self._worker.get_current_task()
        self._topic = topic
        self._stop = Event(topic, client=get_client())
        self._last = 0.0
        self._tell(0.0)

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_REPORTS:
            return
        self._last = now
        if self._stop.is_set():
            raise Cancelled
        self._tell(progress.fraction or 0.0)

    def _tell(self, share: float) -> None:
        self._worker.log_event(self._topic, (self._key, share))

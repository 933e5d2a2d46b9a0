"""What the child process does: one step on one study."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando.compute.threads import limit_numba, wait_asleep
from operando.errors import Cancelled, OperandoError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event

    from operando.compute.progress import Progress
    from operando.study.record import Entry

_SECONDS_BETWEEN_REPORTS = 0.05


@dataclass(frozen=True)
class Finished:
    """The step ran and is recorded."""

    entry: Entry


@dataclass(frozen=True)
class Failed:
    """The step failed: a sentence for the user, and the traceback for the curious."""

    sentence: str
    details: str


@dataclass(frozen=True)
class Stopped:
    """The step stopped because it was asked to."""


class _Reporter:
    """Sends progress to the parent, not more often than it can be looked at."""

    def __init__(self, connection: Connection, cancel: Event) -> None:
        self._connection = connection
        self._cancel = cancel
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        if self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        complete = progress.total and progress.done >= progress.total
        if progress.values or complete or now - self._last >= _SECONDS_BETWEEN_REPORTS:
            self._connection.send(progress)
            self._last = now


def work(
    study_path: str,
    lock_token: str,
    step_name: str,
    settings: dict[str, Any],
    connection: Connection,
    cancel: Event,
) -> None:
    """Entry point of the child process."""
    wait_asleep()
    limit_numba()
    from operando.steps.registry import make_step
    from operando.steps.run import run_step
    from operando.study import Study

    try:
        step = make_step(step_name, settings)
        with Study.open(Path(study_path), lock_token=lock_token) as study:
            message: Finished | Failed | Stopped = Finished(
                run_step(study, step, _Reporter(connection, cancel))
            )
    except Cancelled:
        message = Stopped()
    except OperandoError as error:
        message = Failed(str(error), traceback.format_exc())
    except MemoryError:
        message = Failed(
            "The memory is used up; close other programs or use smaller tiles",
            traceback.format_exc(),
        )
    except Exception as error:  # noqa: BLE001 - the parent must hear of every failure
        message = Failed(
            f"{step_name} failed unexpectedly ({type(error).__name__}: {error}); "
            "please report it with the details",
            traceback.format_exc(),
        )
    connection.send(message)
    connection.close()

"""Short work, such as reading headers, in a thread; the answer comes back to the window."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from superqt.utils import create_worker

from operando.errors import OperandoError

if TYPE_CHECKING:
    from collections.abc import Callable


class Background(QObject):
    """Runs one function at a time in a thread.

    Parameters
    ----------
    parent
        Owner.
    """

    finished = Signal()
    """The function has ended; comes before its outcome is handed on."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: _Run | None = None
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[OperandoError], None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a function runs."""
        return self._run is not None

    def start(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[OperandoError], None],
    ) -> None:
        """Run `work` in a thread, then call `done` with its result here.

        Parameters
        ----------
        work
            Touches nothing of the window.
        done, failed
            Called in the window's thread; `failed` with errors that are meant for users.
        """
        self._done, self._failed = done, failed
        self._run = _Run(work)
        worker = create_worker(self._run, _start_thread=False)
        worker.returned.connect(self._on_ended)
        worker.errored.connect(self._on_errored)
        worker.start()

    def wait(self) -> None:
        """Wait until the function has ended, and hand its outcome on at once."""
        if self._run is not None:
            self._run.ended.wait()
            self._on_ended(self._run)

    def _on_ended(self, run: _Run) -> None:
        if run is not self._run:
            return  # `wait` has handed it on
        done, failed = self._done, self._failed
        self._run = self._done = self._failed = None
        self.finished.emit()
        if run.error is not None and failed is not None:
            failed(run.error)
        elif run.error is None and done is not None:
            done(run.value)

    def _on_errored(self, error: Exception) -> None:
        """Say that something unforeseen happened; superqt raises it too, for the log."""
        if self._run is not None and self._run.unforeseen is error:
            self._on_ended(self._run)


class _Run:
    """A function, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.ended = Event()
        self.value: Any = None
        self.error: OperandoError | None = None
        self.unforeseen: BaseException | None = None

    def __call__(self) -> _Run:
        try:
            self.value = self._work()
        except OperandoError as error:
            self.error = error
        except BaseException as error:
            sentence = f"This failed unexpectedly ({type(error).__name__}: {error})"
            self.error = OperandoError(sentence, "please report it")
            self.unforeseen = error
            raise
        finally:
            self.ended.set()
        return self

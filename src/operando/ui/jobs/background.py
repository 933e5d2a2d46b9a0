"""Short work, such as reading headers, in a thread; the answer comes back to the window."""

from __future__ import annotations

from dataclasses import dataclass
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
        self._worker: Any = None
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[OperandoError], None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a function runs."""
        return self._worker is not None

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
        self._worker = create_worker(_outcome, work, _start_thread=False)
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_errored)
        self._worker.start()

    def _on_returned(self, outcome: _Outcome) -> None:
        done, failed = self._done, self._failed
        self._worker = self._done = self._failed = None
        self.finished.emit()
        if outcome.error is not None and failed is not None:
            failed(outcome.error)
        elif outcome.error is None and done is not None:
            done(outcome.value)

    def _on_errored(self, error: Exception) -> None:
        """Say that something unforeseen happened; superqt raises it too, for the log."""
        sentence = f"This failed unexpectedly ({type(error).__name__}: {error})"
        self._on_returned(_Outcome(error=OperandoError(sentence, "please report it")))


@dataclass(frozen=True)
class _Outcome:
    value: Any = None
    error: OperandoError | None = None


def _outcome(work: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome(value=work())
    except OperandoError as error:
        return _Outcome(error=error)

"""Short work, such as reading headers, in a thread; the answer comes back to the window."""

from __future__ import annotations

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
        self._worker.start()

    def _on_returned(self, outcome: Any) -> None:
        done, failed = self._done, self._failed
        self._worker = self._done = self._failed = None
        self.finished.emit()
        if isinstance(outcome, OperandoError):
            if failed is not None:
                failed(outcome)
        elif done is not None:
            done(outcome)


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OperandoError as error:
        return error

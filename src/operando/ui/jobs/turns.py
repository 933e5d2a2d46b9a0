"""Long work in the window, cut into pieces with time for clicks in between."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE_MS = 10


class Turns(QObject):
    """Calls functions in the order given, one in each turn of the event loop.

    napari takes a tenth of a second or more to add a layer; many of them one after the other would
    freeze the window.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Callable[[], None]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._next)

    def __call__(self, work: Callable[[], None]) -> None:
        """Call `work` later, after what waits already."""
        self._waiting.append(work)
        self._timer.start()

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._timer.stop()

    def _next(self) -> None:
        work = self._waiting.popleft()
        if not self._waiting:
            self._timer.stop()
        work()

"""Garbage collection that never stops the window nor happens in a thread.

Python collects in whatever thread makes objects. Widgets that were closed are then deleted from
there, at which PySide crashes. With napari and torch loaded, a full collection takes 0.2 s.
"""

from __future__ import annotations

import gc

from qtpy.QtCore import QObject, QTimer

_EVERY_MS = 500
_AFTER_CLOSING_MS = 1000


class Collector(QObject):
    """Collects on the thread of the window, when Python would, until it is closed.

    Parameters
    ----------
    parent
        Owner, in the thread of the window.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()
        gc.disable()

    def close(self) -> None:
        """Leave collecting to Python again, once the widgets that close now are gone."""
        self._timer.stop()
        gc.enable()
        QTimer.singleShot(_AFTER_CLOSING_MS, gc.collect)

    def _collect(self) -> None:
        gc.disable()  # again, as another window may have closed
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return


def spare_what_is_loaded() -> None:
    """Leave out of collections whatever exists by now; only the first call does."""
    if not gc.get_freeze_count():
        gc.freeze()

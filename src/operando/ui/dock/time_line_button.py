"""The button that opens the time line, and where the time line goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QToolButton, QWidget

from operando.ui.timeline.dock import open_time_line

if TYPE_CHECKING:
    from operando.ui.session import Session
    from operando.ui.timeline.dock import TimeLine

DOCK_WIDTH = 430
"""Width of the Operando dock at which nothing is cut off, in pixels."""


class TimeLineButton(QToolButton):
    """Opens the time line below the canvas; hidden while it is open or there is but one frame.

    Parameters
    ----------
    session
        The study.
    dock
        The Operando dock, which keeps its width beside the time line.

    Attributes
    ----------
    line : TimeLine or None
        The time line while it is open.
    """

    def __init__(self, session: Session, dock: QWidget) -> None:
        super().__init__(dock)
        self._session = session
        self._dock = dock
        self.line: TimeLine | None = None
        self.setText("Time line")
        self.setToolTip("Frames with the voltage curve, below the canvas")
        self.clicked.connect(self.open)

    def refresh(self) -> None:
        """Offer the time line where there is something to show."""
        self.setVisible(self._has_frames() and self.line is None)

    def open(self) -> None:
        """Open the time line, if it is not open yet."""
        if self.line is not None:
            return
        self.line = open_time_line(self._session)
        if self.line is not None:
            self.line.closed.connect(self._on_closed)
            self._keep_width()
            self.hide()

    def offer(self) -> None:
        """Open it with a study that has something to show over time."""
        study = self._session.study
        if study is not None and self._has_frames() and study.products("tables"):
            self._session.later(self.open)

    def remove(self) -> None:
        """Close the time line."""
        if self.line is not None:
            self._session.viewer.window.remove_dock_widget(self.line)

    def _has_frames(self) -> bool:
        study = self._session.study
        return study is not None and len(study.times) > 1

    def _on_closed(self) -> None:
        self.line = None
        self.refresh()

    def _keep_width(self) -> None:
        """Keep the Operando dock as wide as it needs to be beside the time line."""
        window, own_dock = self._dock.window(), self._dock.parent()
        if isinstance(window, QMainWindow) and isinstance(own_dock, QDockWidget):
            window.resizeDocks([own_dock], [DOCK_WIDTH], Qt.Orientation.Horizontal)

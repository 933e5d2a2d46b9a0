"""Docks that are opened from others, wherever there is a window."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

ROOM_FOR_TWO = 1500
"""Width of a window, in pixels, in which two docks find room beside each other."""
_HEIGHT, _LEAST_HEIGHT = 200, 130


class DockContent(QWidget):
    """Widget of a low dock below the canvas, which notices when napari takes it out of the dock.

    napari keeps such widgets alive without a parent, so that they would go on listening to the
    viewer.
    """

    closed = Signal()

    def sizeHint(self) -> QSize:
        """Return a height that leaves the canvas most of the window."""
        return QSize(700, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return a height with which the window still fits on the screen of a laptop."""
        return QSize(super().minimumSizeHint().width(), _LEAST_HEIGHT)

    def unlink(self) -> None:
        """Let go of viewer and session; called when the dock was closed."""

    def event(self, event: QEvent) -> bool:
        """Unlink when the parent is gone."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.unlink()
            self.closed.emit()
        return super().event(event)


def add_dock(viewer: Any, widget: QWidget, name: str, area: str) -> bool:
    """Dock a widget in the viewer's window; below, it leaves docks at the right their height.

    Returns
    -------
    False, leaving the widget alone, if the viewer is a model without a window.
    """
    window = getattr(viewer, "window", None)
    if window is None:
        return False
    window.add_dock_widget(widget, name=name, area=area)
    main = widget.window()
    if isinstance(main, QMainWindow):
        right = Qt.DockWidgetArea.RightDockWidgetArea
        main.setCorner(Qt.Corner.BottomRightCorner, right)
    _share_narrow_window(widget)
    return True


def raise_dock(widget: QWidget) -> None:
    """Bring a widget that `add_dock` docked to the front, where it lies behind a tab."""
    dock = widget.parent()
    if isinstance(dock, QDockWidget):
        dock.show()
        dock.raise_()


def _share_narrow_window(widget: QWidget) -> None:
    """Put a dock behind a tab where there is no room for two beside each other."""
    main, dock = widget.window(), widget.parent()
    if not isinstance(main, QMainWindow) or not isinstance(dock, QDockWidget):
        return
    shown = [d for d in main.findChildren(QDockWidget) if d.isVisible() and not d.isFloating()]
    area = main.dockWidgetArea(dock)
    others = [
        other
        for other in shown
        if other is not dock
        and isinstance(other.widget(), DockContent)
        and main.dockWidgetArea(other) == area
    ]
    if not others:
        return
    right = Qt.DockWidgetArea.RightDockWidgetArea
    beside = max((d.width() for d in shown if main.dockWidgetArea(d) == right), default=0)
    least = sum(d.minimumSizeHint().width() for d in (dock, *others))
    if main.width() < max(ROOM_FOR_TWO, beside + least):
        main.tabifyDockWidget(others[0], dock)
        QTimer.singleShot(0, dock.raise_)
    else:
        beside_each_other = [*others, dock]
        equal = [1] * len(beside_each_other)
        main.resizeDocks(beside_each_other, equal, Qt.Orientation.Horizontal)


def remove_dock(viewer: Any, widget: QWidget) -> None:
    """Take a widget that `add_dock` docked out of the window."""
    viewer.window.remove_dock_widget(widget)

"""Docks that are opened from others, wherever there is a window."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QWidget


class DockContent(QWidget):
    """Widget that notices when napari takes it out of its dock.

    napari keeps such widgets alive without a parent, so that they would go on listening to the
    viewer.
    """

    closed = Signal()

    def unlink(self) -> None:
        """Let go of viewer and session; called when the dock was closed."""

    def event(self, event: QEvent) -> bool:
        """Unlink when the parent is gone."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.unlink()
            self.closed.emit()
        return super().event(event)


def add_dock(viewer: Any, widget: QWidget, name: str, area: str) -> bool:
    """Dock a widget in the viewer's window.

    Returns
    -------
    False, leaving the widget alone, if the viewer is a model without a window.
    """
    window = getattr(viewer, "window", None)
    if window is None:
        return False
    window.add_dock_widget(widget, name=name, area=area)
    return True


def remove_dock(viewer: Any, widget: QWidget) -> None:
    """Take a widget that `add_dock` docked out of the window."""
    viewer.window.remove_dock_widget(widget)

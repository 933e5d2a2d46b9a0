"""Docks that are opened from others, wherever there is a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


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

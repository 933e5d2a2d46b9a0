"""Clicks in the canvas that are neither drags nor strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator


STILL = 3
"""A press that moves by so many pixels is still a click: few hands hold a mouse quite still."""


class CanvasClicks:
    """Tells where the canvas was clicked while no layer is being edited.

    Parameters
    ----------
    viewer
        napari viewer or its model.
    """

    clicked = Signal(object)
    """Emits the mouse event of the press: position, view_direction, dims_displayed."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        viewer.mouse_drag_callbacks.append(self._on_press)

    def close(self) -> None:
        """Listen no more."""
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1 or event.modifiers or not _is_looking(viewer):
            return
        start, dragged = tuple(event.pos), False
        yield
        while event.type == "mouse_move":
            dragged |= any(abs(a - b) > STILL for a, b in zip(event.pos, start, strict=True))
            yield
        if not dragged:
            self.clicked.emit(event)


def put_tool_down(viewer: Any) -> None:
    """Let clicks be heard: take the active layer's brush or the like out of the hand."""
    if not _is_looking(viewer):
        viewer.layers.selection.active.mode = "pan_zoom"


def _is_looking(viewer: Any) -> bool:
    active = viewer.layers.selection.active
    return active is None or str(getattr(active, "mode", "pan_zoom")) == "pan_zoom"

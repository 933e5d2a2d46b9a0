from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.ui.clicks import CanvasClicks, put_tool_down


def press(viewer: ViewerModel, *, drag: int = 0, **changes: Any) -> None:
    """Go through press, move by some pixels and back, and release as napari does."""
    event = SimpleNamespace(
        type="mouse_press", button=1, modifiers=(), position=(0,) * 4, pos=np.array([50, 60])
    )
    vars(event).update(changes)
    steps = [callback(viewer, event) for callback in viewer.mouse_drag_callbacks]
    steps = [step for step in steps if step is not None]
    moves = [("mouse_move", drag), ("mouse_move", 0)] if drag else []
    for kind, moved in (("mouse_press", 0), *moves, ("mouse_release", 0)):
        event.type, event.pos = kind, np.array([50, 60 + moved])
        for step in steps:
            next(step, None)


@pytest.fixture
def viewer() -> ViewerModel:
    viewer = ViewerModel()
    viewer.mouse_drag_callbacks.clear()
    viewer.add_labels(np.zeros((2, 3, 4, 5), np.uint8))
    return viewer


@pytest.mark.parametrize(
    ("changes", "mode", "heard"),
    [
        ({}, "pan_zoom", True),
        ({"drag": 9}, "pan_zoom", False),
        ({"drag": 2}, "pan_zoom", True),
        ({"button": 2}, "pan_zoom", False),
        ({"modifiers": ("Shift",)}, "pan_zoom", False),
        ({}, "paint", False),
        ({}, "pick", False),
    ],
)
def test_only_plain_clicks_are_heard(
    viewer: ViewerModel, changes: dict[str, Any], mode: str, heard: bool
) -> None:
    events: list[Any] = []
    clicks = CanvasClicks(viewer)
    clicks.clicked.connect(events.append)
    viewer.layers[0].mode = mode
    press(viewer, position=(1, 2, 3, 4), **changes)
    assert [e.position for e in events] == ([(1, 2, 3, 4)] if heard else [])


def test_nothing_is_heard_after_close(viewer: ViewerModel) -> None:
    events: list[Any] = []
    clicks = CanvasClicks(viewer)
    clicks.clicked.connect(events.append)
    clicks.close()
    clicks.close()
    press(viewer)
    assert not events
    assert not viewer.mouse_drag_callbacks


def test_a_tool_that_is_put_down_lets_clicks_be_heard(viewer: ViewerModel) -> None:
    events: list[Any] = []
    clicks = CanvasClicks(viewer)
    clicks.clicked.connect(events.append)
    viewer.layers[0].mode = "paint"
    put_tool_down(viewer)
    press(viewer)
    assert len(events) == 1
    viewer.layers.selection.active = None
    put_tool_down(viewer)

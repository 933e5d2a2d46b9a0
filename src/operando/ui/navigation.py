"""Where the viewer looks: the current frame, and how to go elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIES_NDIM = 4
"""Layers of a study have the axes (t, z, y, x)."""


def time_axis(viewer: Any) -> int | None:
    """Which of the viewer's axes is time; None while no layer has one."""
    axis = viewer.dims.ndim - SERIES_NDIM
    return axis if axis >= 0 else None


def current_frame(viewer: Any, n_frames: int) -> int:
    """Frame that the viewer shows, from 0."""
    axis = time_axis(viewer)
    if axis is None:
        return 0
    return min(max(int(viewer.dims.current_step[axis]), 0), n_frames - 1)


def go_to_frame(viewer: Any, frame: int) -> None:
    """Show a frame and leave the rest as it is."""
    axis = time_axis(viewer)
    if axis is not None:
        viewer.dims.set_current_step(axis, frame)


def go_to_point(viewer: Any, frame: int, point_um: Sequence[float]) -> None:
    """Show a frame and bring a point ``(z, y, x)`` in µm into the middle of the canvas."""
    axis = time_axis(viewer)
    if axis is None:
        return
    go_to_frame(viewer, frame)
    spatial = range(axis + 1, axis + SERIES_NDIM)
    hidden = [i for i in spatial if i in viewer.dims.not_displayed]
    viewer.dims.set_point(hidden, [point_um[i - axis - 1] for i in hidden])
    shown = [point_um[i - axis - 1] for i in viewer.dims.displayed if i in spatial]
    if len(shown) == viewer.dims.ndisplay:
        viewer.scene.camera.center = (0.0, *shown) if len(shown) == 2 else tuple(shown)


def clicked_point(viewer: Any, position: Sequence[float]) -> tuple[float, float, float] | None:
    """Return ``(z, y, x)`` in µm of a world position; None where there is no time axis."""
    axis = time_axis(viewer)
    if axis is None:
        return None
    z, y, x = (float(v) for v in position[axis + 1 : axis + SERIES_NDIM])
    return z, y, x

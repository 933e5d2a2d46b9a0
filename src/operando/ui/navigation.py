"""Where the viewer looks: the current frame, and how to go elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIES_NDIM = 4
"""Layers of a study have the axes (t, z, y, x)."""

_INNER_PART = 0.95


def time_axis(viewer: Any) -> int | None:
    """Which of the viewer's axes is time; None while no layer has one."""
    axis = viewer.dims.ndim - SERIES_NDIM
    return axis if axis >= 0 else None


def current_frame(viewer: Any, n_frames: int) -> int:
    """Frame that the viewer shows, from 0."""
    axis = time_axis(viewer)
    if axis is None:
        return 0
    return _nearest(viewer.dims.point[axis], n_frames)


def current_slice(viewer: Any, n_slices: int, thickness_um: float) -> int:
    """Slice across z that the viewer shows, from 0."""
    axis = time_axis(viewer)
    if axis is None:
        return 0
    return _nearest(viewer.dims.point[axis + 1] / thickness_um, n_slices)


def go_to_frame(viewer: Any, frame: int) -> None:
    """Show a frame and leave the rest as it is."""
    axis = time_axis(viewer)
    if axis is not None:
        viewer.dims.set_point(axis, frame)


def go_to_point(viewer: Any, frame: int, point_um: Sequence[float]) -> None:
    """Show a frame and a point ``(z, y, x)`` in µm; the camera moves only if it is out of sight.

    The time axis counts frames, as in every layer of a study.
    """
    axis = time_axis(viewer)
    if axis is None:
        return
    spatial = range(axis + 1, axis + SERIES_NDIM)
    hidden = [i for i in spatial if i in viewer.dims.not_displayed]
    # one call, as every change makes all layers read a slice
    viewer.dims.set_point([axis, *hidden], [frame, *(point_um[i - axis - 1] for i in hidden)])
    shown = [point_um[i - axis - 1] for i in viewer.dims.displayed if i in spatial]
    if len(shown) == viewer.dims.ndisplay and not _in_sight(viewer, shown):
        viewer.scene.camera.center = (0.0, *shown) if len(shown) == 2 else tuple(shown)


def _nearest(place: float, n: int) -> int:
    """Tell which frame or slice is at a place.

    Steps of the sliders are no such numbers: they follow the finest layer, and begin at the first.
    """
    return min(max(round(place), 0), n - 1)


def _in_sight(viewer: Any, shown_um: Sequence[float]) -> bool:
    """Whether a point lies in the inner part of a flat canvas."""
    camera = viewer.scene.camera
    if len(shown_um) != 2:
        return False
    half_canvas = [0.5 * size / camera.zoom for size in viewer.canvas.size]
    offsets = [at - centre for at, centre in zip(shown_um, camera.center[-2:], strict=True)]
    return all(abs(o) < _INNER_PART * h for o, h in zip(offsets, half_canvas, strict=True))


def clicked_point(viewer: Any, position: Sequence[float]) -> tuple[float, float, float] | None:
    """Return ``(z, y, x)`` in µm of a world position; None where there is no time axis."""
    axis = time_axis(viewer)
    if axis is None:
        return None
    z, y, x = (float(v) for v in position[axis + 1 : axis + SERIES_NDIM])
    return z, y, x

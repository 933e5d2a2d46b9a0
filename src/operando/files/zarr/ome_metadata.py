"""What OME-Zarr metadata say of an image: its axes, voxel size, times and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.files.axes import ORDER
from operando.files.calibration import number, sound_times, sound_voxel_size
from operando.files.units import hours, micrometres

if TYPE_CHECKING:
    from operando.data.series import Spacing


def image_axes(image: Mapping[str, Any], ndim: int) -> list[dict[str, Any]]:
    """Axes in the order of the array, each with its `letter`: t, c, z, y, x, or q if unknown."""
    systems: Sequence[Mapping[str, Any]] = image.get("coordinateSystems") or ({},)
    listed = image.get("axes") or systems[0].get("axes") or list(ORDER[-ndim:])
    axes = [dict(a) if isinstance(a, Mapping) else {"name": a} for a in listed]
    if len(axes) != ndim:
        raise InputError(
            f"The OME-Zarr metadata name {len(axes)} axes for an array of {ndim}",
            "name them by axes=, such as tzyx",
        )
    for axis in axes:
        name = str(axis["name"]).lower()
        kinds = {"time": "t", "channel": "c"}
        axis["letter"] = name if name in ORDER else kinds.get(str(axis.get("type")), "q")
    return axes


def image_scale(image: Mapping[str, Any], ndim: int) -> tuple[list[float], bool]:
    """Scale of level 0 per axis, and whether it is all there is to the transformation."""
    scale, plain = np.ones(ndim), True
    first = image["datasets"][0].get("coordinateTransformations") or ()
    for step in (*first, *(image.get("coordinateTransformations") or ())):
        kind = step.get("type")
        if kind == "scale" and len(step["scale"]) == ndim:
            scale = scale * np.asarray(step["scale"], float)
        elif kind == "affine" and np.shape(step["affine"]) == (ndim, ndim + 1):
            matrix = np.asarray(step["affine"], float)[:, :-1]
            plain &= np.array_equal(matrix, np.diag(np.diag(matrix)))
            scale = scale * np.diag(matrix)
        elif kind not in ("identity", "translation"):
            plain = False
    return [float(s) for s in scale], plain


def image_voxel_size(by_name: Mapping[str, Any]) -> Spacing | None:
    """Voxel size ``(z, y, x)`` in µm of scales and axes by their letters; None without units."""
    sizes = []
    for name in "zyx":
        scale, axis = by_name.get(name, by_name["x"])
        unit = micrometres(axis.get("unit"))
        sizes.append(scale * unit if unit else None)
    return sound_voxel_size(sizes)


def image_times(by_name: Mapping[str, Any], n_frames: int, own: object) -> tuple[float, ...] | None:
    """Hours of the frames: those that we wrote ourselves, else the step of the time axis."""
    if isinstance(own, Mapping) and isinstance(own.get("times_h"), list):
        times = [number(t) for t in own["times_h"]]
        if len(times) == n_frames and None not in times:
            return sound_times([t for t in times if t is not None])
    if "t" not in by_name or n_frames < 2:
        return None
    step, axis = by_name["t"]
    unit = hours(axis.get("unit"))
    return sound_times([i * step * unit for i in range(n_frames)]) if unit else None


def image_acquired(own: object) -> datetime | None:
    """When the first frame was taken, if we wrote so ourselves."""
    try:
        return datetime.fromisoformat(str(own["acquired"])) if isinstance(own, Mapping) else None
    except (KeyError, ValueError):
        return None


def channel_names(ome: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Names of the channels, None where the file has none."""
    omero = ome.get("omero")
    listed = omero.get("channels") if isinstance(omero, Mapping) else None
    names = [str(c["label"]) for c in listed or () if isinstance(c, Mapping) and c.get("label")]
    return tuple(names) or None

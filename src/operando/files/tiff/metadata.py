"""Voxel size, frame times and channel names in ImageJ and OME TIFF files.

Only ImageJ and OME metadata are trusted: the plain resolution tags of a TIFF hold screen or
paper resolutions (72 dpi) as often as voxel sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from operando.files.calibration import number, sound_times, sound_voxel_size
from operando.files.units import hours, micrometres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import tifffile

    from operando.data.series import Spacing

Calibration = dict[str, Any]
"""Keys voxel_size, times, channels of `Opened`, as far as a file gives them."""


def calibration(tif: tifffile.TiffFile, n_frames: int, n_slices: int) -> Calibration:
    """Return what an open TIFF file says of voxel size (µm), times (h) and channels."""
    if tif.is_ome and tif.ome_metadata:
        return ome_calibration(tif.ome_metadata, n_frames, n_slices)
    if tif.is_imagej and tif.imagej_metadata:
        resolution = tif.pages[0].resolution
        return imagej_calibration(tif.imagej_metadata, resolution, n_frames, n_slices)
    return {}


def imagej_calibration(
    metadata: Mapping[str, Any], resolution: Sequence[float], n_frames: int, n_slices: int
) -> Calibration:
    """Read ImageJ's unit, spacing and frame interval.

    Parameters
    ----------
    metadata
        The image description as tifffile parses it.
    resolution
        Pixels per unit along x and y, from the resolution tags.
    n_frames, n_slices
        Lengths of the t and z axes.

    Notes
    -----
    As in ImageJ, a stack without `spacing` has slices one unit apart, and `yunit` and `zunit` are
    written only where they are others than `unit`.
    """
    found: Calibration = {}
    unit = metadata.get("unit")
    along_x, along_y, along_z = (micrometres(metadata.get(f"{a}unit", unit)) for a in "xyz")
    if along_x and along_y and along_z and min(resolution) > 0:
        x, y = along_x / resolution[0], along_y / resolution[1]
        depth = float(metadata.get("spacing", 1.0)) * along_z
        if n_slices == 1 and "spacing" not in metadata:
            depth = x
        found["voxel_size"] = sound_voxel_size((abs(depth), y, x))
    interval = metadata.get("finterval")
    per_unit = hours(metadata.get("tunit", "s"))
    if n_frames > 1 and interval and per_unit:
        found["times"] = sound_times([i * float(interval) * per_unit for i in range(n_frames)])
    return found


def ome_calibration(xml: str, n_frames: int, n_slices: int) -> Calibration:
    """Read physical sizes, plane times and channel names of the first image of an OME-XML text."""
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError):
        return {}
    pixels = root.find("{*}Image/{*}Pixels")
    if pixels is None:
        return {}
    found: Calibration = {"voxel_size": _ome_voxel_size(pixels.attrib, n_slices)}
    if n_frames > 1:
        found["times"] = _ome_times(pixels, n_frames)
    names = [c.get("Name") for c in pixels.iterfind("{*}Channel")]
    if names and all(names):
        found["channels"] = tuple(names)
    return found


def _ome_voxel_size(pixels: Mapping[str, str], n_slices: int) -> Spacing | None:
    sizes = []
    for axis in "ZYX":
        length = number(pixels.get(f"PhysicalSize{axis}"))
        unit = micrometres(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        sizes.append(length * unit if length is not None and unit else None)
    if n_slices == 1 and sizes[0] is None:
        sizes[0] = sizes[2]
    return sound_voxel_size(sizes)


def _ome_times(pixels: ElementTree.Element, n_frames: int) -> tuple[float, ...] | None:
    deltas: dict[int, float] = {}
    for plane in pixels.iterfind("{*}Plane"):
        delta, t = number(plane.get("DeltaT")), number(plane.get("TheT"))
        unit = hours(plane.get("DeltaTUnit", "s"))
        if delta is not None and t is not None and unit:
            deltas[int(t)] = min(delta * unit, deltas.get(int(t), np.inf))
    if sorted(deltas) == list(range(n_frames)):
        times = sound_times([deltas[t] - deltas[0] for t in range(n_frames)])
        if times is not None:
            return times
    step, unit = number(pixels.get("TimeIncrement")), hours(pixels.get("TimeIncrementUnit", "s"))
    return sound_times([t * step * unit for t in range(n_frames)]) if step and unit else None

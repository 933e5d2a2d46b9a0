"""Volumes and series to TIFF files that Fiji and others open with their voxel size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.atomic import replacing
from operando.compute.progress import Stopwatch
from operando.data.given import as_array
from operando.data.series import check_times, check_voxel_size
from operando.errors import InputError, as_path
from operando.files.axes import ORDER, to_5d

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    import dask.array as da
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

IMAGEJ_TYPES = ("uint8", "uint16", "float32")
IMAGEJ_LIMIT = 2**31


def write_tiff(
    path: str | PathLike[str],
    volume: NDArray[Any] | da.Array,
    *,
    voxel_size: Sequence[float] | None = None,
    times: Sequence[float] | None = None,
    axes: str | None = None,
    compress: bool = False,
    progress: ProgressCallback | None = None,
) -> None:
    """Write an image or label volume as one TIFF file, slice by slice.

    An ImageJ hyperstack where ImageJ knows the type (8 and 16 bit, float32), the size (2 GB)
    and the times (evenly spaced), else OME-TIFF. The file appears when it is complete.

    Parameters
    ----------
    path
        File to write, replaced if it is there.
    volume
        Array ``(z, y, x)``, ``(t, z, y, x)`` or ``(t, c, z, y, x)``; dask arrays are read plane
        by plane. Booleans become 0 and 255, half precision numbers float32.
    voxel_size
        ``(z, y, x)`` in µm.
    times
        Hours, one per frame.
    axes
        Names of the axes, where they are others.
    compress
        Whether to compress (zlib); slower to open and to show.
    progress
        Told after every plane; raises `Cancelled` to stop.

    Raises
    ------
    InputError
        If the array is no image, or voxel size, times or axes do not fit it.
    FileError
        If the file cannot be written.
    """
    import tifffile

    target = as_path(path)
    five = _five_axes(as_array(volume), axes)
    spacing = check_voxel_size(voxel_size) if voxel_size is not None else None
    hours = check_times(times, five.shape[0]) if times is not None else None
    dtype = _written_type(five.dtype)
    interval = _interval(hours)
    nbytes = int(np.prod(five.shape)) * dtype.itemsize
    imagej = (
        dtype.name in IMAGEJ_TYPES
        and nbytes < IMAGEJ_LIMIT
        and not target.name.lower().endswith((".ome.tif", ".ome.tiff"))
        and (hours is None or interval is not None)
    )
    if imagej:
        known = _imagej_metadata(spacing, interval)
    else:
        known = _ome_metadata(spacing, hours, five.shape)
    with replacing(target, make_folder=False) as partial:
        tifffile.imwrite(
            partial,
            _planes(five, dtype, progress),
            # ImageJ stores channels within slices within frames.
            shape=tuple(five.shape[i] for i in (0, 2, 1, 3, 4)),
            dtype=dtype,
            imagej=imagej,
            ome=not imagej,
            bigtiff=nbytes >= IMAGEJ_LIMIT,
            photometric="minisblack",
            compression="zlib" if compress else None,
            resolution=(1 / spacing[2], 1 / spacing[1]) if spacing else None,
            metadata=known,
        )


def _five_axes(volume: NDArray[Any] | da.Array, axes: str | None) -> NDArray[Any] | da.Array:
    names = axes or {2: "yx", 3: "zyx", 4: "tzyx", 5: ORDER}.get(volume.ndim, "")
    if len(names) != volume.ndim or not {"y", "x"} <= set(names) <= set(ORDER):
        raise InputError(
            f"An array of the shape {volume.shape} with axes {names!r} is no image",
            "name every axis by one of t, c, z, y, x",
        )
    if volume.dtype.kind not in "biuf" or 0 in volume.shape:
        raise InputError(
            f"An array of {volume.dtype} and the shape {volume.shape} is no image",
            "give two or more axes of numbers",
        )
    return to_5d(volume, names)


def _written_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind in "iu" and dtype.itemsize == 8:
        raise InputError(
            f"TIFF files for other programs hold no {dtype} numbers", "convert them to int32 before"
        )
    return np.dtype({"bool": "uint8", "float16": "float32"}.get(dtype.name, dtype))


def _planes(
    five: NDArray[Any] | da.Array, dtype: np.dtype[Any], progress: ProgressCallback | None
) -> Iterator[NDArray[Any]]:
    t, c, z, _, _ = five.shape
    watch = Stopwatch(progress, t * c * z, "slices", "Writing")
    for index in np.ndindex(t, z, c):
        plane = np.asarray(five[index[0], index[2], index[1]])
        yield plane.astype(dtype) * (255 if five.dtype.kind == "b" else dtype.type(1))
        watch.advance()


def _interval(hours: tuple[float, ...] | None) -> float | None:
    """Seconds between frames, None where they are not evenly spaced."""
    if hours is None or len(hours) < 2:
        return None
    steps = np.diff(hours)
    even = np.allclose(steps, steps[0], rtol=1e-6, atol=0) and hours[0] == 0
    return float(steps[0] * 3600) if even else None


def _imagej_metadata(
    spacing: tuple[float, float, float] | None, interval: float | None
) -> dict[str, Any]:
    known: dict[str, Any] = {"axes": "TZCYX", "mode": "grayscale"}
    if spacing:
        known |= {"unit": "um", "spacing": spacing[0]}
    if interval:
        known["finterval"] = interval
    return known


def _ome_metadata(
    spacing: tuple[float, float, float] | None,
    hours: tuple[float, ...] | None,
    shape: Sequence[int],
) -> dict[str, Any]:
    known: dict[str, Any] = {"axes": "TZCYX"}
    if spacing:
        for axis, size in zip("ZYX", spacing, strict=True):
            known |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "µm"}
    if hours:
        per_frame = shape[1] * shape[2]
        known["Plane"] = {
            "DeltaT": [h for h in hours for _ in range(per_frame)],
            "DeltaTUnit": ["h"] * (len(hours) * per_frame),
        }
    return known

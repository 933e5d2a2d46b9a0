"""OME-Zarr 0.5 images, written block by block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.data.series import check_times, check_voxel_size
from operando.errors import FileError, InputError
from operando.files.zarr.reader import ZARR_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from os import PathLike

    import zarr
    from numpy.typing import DTypeLike, NDArray
    from zarr.codecs import BloscCodec

CHUNK = {"t": 1, "c": 1, "z": 32, "y": 128, "x": 128}


def create_image(
    path: str | PathLike[str],
    shape: Sequence[int],
    dtype: DTypeLike,
    *,
    axes: str,
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None = None,
    chunks: Sequence[int] | None = None,
    name: str = "",
    levels: int | None = None,
    channels: Sequence[str] = (),
    acquired: datetime | None = None,
) -> zarr.Array:
    """Create an empty OME-Zarr 0.5 image and return its full-resolution array to write into.

    Parameters
    ----------
    path
        Folder to create.
    shape
        Lengths of the axes.
    dtype
        Type of a voxel.
    axes
        Their names in the order t, c, z, y, x, such as ``"tzyx"``.
    voxel_size
        ``(z, y, x)`` in µm, or None if it is not known.
    times
        Hours, one per frame. Kept exactly; OME-Zarr itself has room for a constant step only.
    chunks
        Chunk shape; by default 1 along t and c and 32 x 128 x 128 voxels.
    name
        Name of the image.
    levels
        Levels that `operando.files.add_levels` will make, with the full one; None for as many as
        make sense.
    channels
        Their names.
    acquired
        When the first frame was taken.

    Raises
    ------
    InputError
        If shape, axes, voxel size, times or chunks do not fit together.
    FileError
        If something is there already, or the folder cannot be written.
    """
    import zarr

    shape = tuple(int(n) for n in shape)
    _check_axes(axes, shape)
    chosen = _choose_chunks(chunks, axes, shape)
    scale, hours = _calibrate(axes, shape, voxel_size, times)
    attributes: dict[str, Any] = {
        "ome": {
            "version": "0.5",
            "multiscales": [
                {
                    "name": name or Path(path).stem,
                    "axes": [_axis(a, voxel_size is not None, times is not None) for a in axes],
                    "datasets": [level_entry("0", scale)],
                }
            ],
        },
        "operando": {"levels": levels} | ({"times_h": list(hours)} if hours else {}),
    }
    if acquired is not None:
        attributes["operando"]["acquired"] = acquired.isoformat()
    if channels:
        attributes["ome"]["omero"] = {"channels": [{"label": label} for label in channels]}
    if Path(path).exists():
        raise FileError(f"{path} exists already", "choose another name or remove it")
    try:
        group = zarr.create_group(store=str(path), zarr_format=3, attributes=attributes)
        return group.create_array(
            "0",
            shape=shape,
            chunks=chosen,
            dtype=np.dtype(dtype),
            dimension_names=tuple(axes),
            compressors=compressor(),
        )
    except ZARR_FAULTS as error:
        raise FileError(f"{path} cannot be written ({error})", "check space and rights") from error


def open_image(path: str | PathLike[str], mode: Literal["r", "r+"] = "r") -> zarr.Array:
    """Open the full-resolution array of an image that `create_image` made.

    Raises
    ------
    FileError
        If there is none.
    """
    import zarr

    try:
        return zarr.open_array(store=str(Path(path) / "0"), mode=mode)
    except ZARR_FAULTS as error:
        raise FileError(f"{path} holds no image that can be opened", "write it again") from error


def _check_axes(axes: str, shape: tuple[int, ...]) -> None:
    if len(axes) != len(shape) or "".join(a for a in "tczyx" if a in axes) != axes:
        raise InputError(f"The axes {axes!r} do not fit the shape {shape}", "such as tzyx")
    if not {"y", "x"} <= set(axes) or min(shape) < 1:
        raise InputError(
            f"An image of the axes {axes!r} and the shape {shape} cannot be written",
            "give at least y and x, and a voxel",
        )


def _choose_chunks(
    chunks: Sequence[int] | None, axes: str, shape: tuple[int, ...]
) -> tuple[int, ...]:
    chosen = tuple(chunks) if chunks is not None else tuple(CHUNK[a] for a in axes)
    if len(chosen) != len(shape) or min(chosen) < 1:
        raise InputError(
            f"The chunks {chosen} do not fit the shape {shape}", "give one length per axis"
        )
    return tuple(min(c, n) for c, n in zip(chosen, shape, strict=True))


def _calibrate(
    axes: str,
    shape: tuple[int, ...],
    voxel_size: Sequence[float] | None,
    times: Sequence[float] | None,
) -> tuple[list[float], tuple[float, ...]]:
    """Scale of every axis (times: the mean step), and the times as they are."""
    size = dict.fromkeys(axes, 1.0)
    if voxel_size is not None:
        size |= dict(zip("zyx", check_voxel_size(voxel_size), strict=True))
    if times is None:
        return [size[a] for a in axes], ()
    hours = check_times(times, shape[axes.index("t")] if "t" in axes else 1)
    if len(hours) > 1:
        size["t"] = (hours[-1] - hours[0]) / (len(hours) - 1)
    return [size[a] for a in axes], hours


def compressor() -> BloscCodec:
    """Choose what unpacks fastest, as slices across a volume unpack much more than they show."""
    from zarr.codecs import BloscCodec

    return BloscCodec(cname="lz4", clevel=1, shuffle="shuffle")


def _axis(letter: str, sized: bool, timed: bool) -> dict[str, str]:
    kind = {"t": "time", "c": "channel"}.get(letter, "space")
    axis = {"name": letter, "type": kind}
    if kind == "space" and sized:
        axis["unit"] = "micrometer"
    if kind == "time" and timed:
        axis["unit"] = "hour"
    return axis


def level_entry(
    path: str, scale: Sequence[float] | NDArray[Any], start: NDArray[Any] | None = None
) -> dict[str, Any]:
    """Metadata of one level: where it lies, its voxel size, and its first voxel if not at 0."""
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": [float(s) for s in scale]}]
    if start is not None:
        steps.append({"type": "translation", "translation": [float(s) for s in start]})
    return {"path": path, "coordinateTransformations": steps}

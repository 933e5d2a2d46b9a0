"""OME-Zarr 0.5 images, written block by block, with a pyramid on request."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles
from operando.data.series import check_times, check_voxel_size
from operando.errors import FileError, InputError
from operando.files.zarr_reader import ZARR_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    import zarr
    from numpy.typing import DTypeLike, NDArray
    from zarr.codecs import BloscCodec

    from operando.compute.progress import ProgressCallback

CHUNK = {"t": 1, "c": 1, "z": 32, "y": 128, "x": 128}
SMALLEST_LEVEL = 128
"""Pyramids end where no axis is longer than this."""


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
        Levels that `add_levels` will make, with the full one; None for as many as make sense.
    channels
        Their names.

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
                    "datasets": [_level("0", scale)],
                }
            ],
        },
        "operando": {"levels": levels} | ({"times_h": list(hours)} if hours else {}),
    }
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
            compressors=_compressor(),
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


def add_levels(
    path: str | PathLike[str],
    *,
    levels: int | None = None,
    labels: bool = False,
    progress: ProgressCallback | None = None,
) -> int:
    """Build the pyramid of an image that `create_image` made, block by block.

    Each level halves z, y and x (z only where slices are not much further apart than pixels
    are wide). The metadata name a level once it is complete.

    Parameters
    ----------
    path
        The image.
    levels
        How many, with the full one; None for what `create_image` was told, or as many as it
        takes for the longest axis to have 128 voxels.
    labels
        Take the nearest voxel, as classes and ids need, instead of the mean.
    progress
        Told after every block; raises `Cancelled` to stop.

    Returns
    -------
    Levels that the image has now.
    """
    import zarr

    try:
        group = zarr.open_group(store=str(path), mode="r+")
        attributes = group.attrs.asdict()
        image = attributes["ome"]["multiscales"][0]
        source = group[image["datasets"][0]["path"]]
    except ZARR_FAULTS as error:
        raise FileError(f"{path} holds no image that can be opened", "write it again") from error
    axes = "".join(a["name"] for a in image["axes"])
    wanted = levels or attributes.get("operando", {}).get("levels")
    scale = np.array(image["datasets"][0]["coordinateTransformations"][0]["scale"], float)
    datasets = [_level("0", scale)]
    start = np.zeros(len(axes))
    plan = list(_plan(source.shape, axes, scale, wanted))
    total = sum(len(plan_tiles(shape, _blocks(source, shape))) for _, shape in plan)
    watch = Stopwatch(progress, total, "blocks", "Building the pyramid")
    for number, (factor, shape) in enumerate(plan, start=1):
        chunks = tuple(min(c, n) for c, n in zip(source.chunks, shape, strict=True))
        target = group.create_array(
            str(number), shape=shape, chunks=chunks, dtype=source.dtype, overwrite=True,
            dimension_names=tuple(axes), compressors=_compressor(),
        )  # fmt: skip
        for tile in plan_tiles(shape, _blocks(source, shape)):
            box = tuple(
                slice(s.start * f, min(s.stop * f, n))
                for s, f, n in zip(tile.core, factor, source.shape, strict=True)
            )
            target[tile.core] = halve(np.asarray(source[box]), factor, labels=labels)
            watch.advance()
        # A voxel of the new level has its centre between those that it is made of.
        start = start + (0 if labels else 0.5) * (np.array(factor) - 1) * scale
        scale = scale * factor
        datasets.append(_level(str(number), scale, start))
        source = target
    attributes["ome"]["multiscales"][0]["datasets"] = datasets
    group.attrs.put(attributes)
    return len(datasets)


def halve(block: NDArray[Any], factor: Sequence[int], *, labels: bool = False) -> NDArray[Any]:
    """Shrink a block by 1 or 2 along each axis: mean (rounded for integers) or nearest voxel."""
    if labels:
        return block[tuple(slice(None, None, f) for f in factor)]
    odd = [(0, -n % f) for n, f in zip(block.shape, factor, strict=True)]
    even = np.pad(block, odd, mode="edge")
    parts = [
        even[tuple(slice(k, None, f) for k, f in zip(corner, factor, strict=True))]
        for corner in product(*(range(f) for f in factor))
    ]
    mean = sum(p.astype(np.float64) for p in parts) / len(parts)
    if block.dtype.kind == "b":
        return np.asarray(mean >= 0.5)
    return np.asarray(np.rint(mean) if block.dtype.kind in "iu" else mean).astype(block.dtype)


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


def _compressor() -> BloscCodec:
    """Choose what unpacks fastest, as slices across a volume unpack much more than they show."""
    from zarr.codecs import BloscCodec

    return BloscCodec(cname="lz4", clevel=1, shuffle="shuffle")


def _plan(
    shape: Sequence[int], axes: str, scale: NDArray[Any], levels: int | None
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    made = 1
    while made < levels if levels else max(_lengths(shape, axes)) > SMALLEST_LEVEL:
        finest = min(
            (s for a, n, s in zip(axes, shape, scale, strict=True) if a in "zyx" and n > 1),
            default=1.0,
        )
        factor = tuple(
            2 if a in "zyx" and n > 1 and s < 1.5 * finest else 1
            for a, n, s in zip(axes, shape, scale, strict=True)
        )
        if max(factor) == 1:
            return
        shape = tuple(-(-n // f) for n, f in zip(shape, factor, strict=True))
        scale = scale * factor
        made += 1
        yield factor, shape


def _lengths(shape: Sequence[int], axes: str) -> list[int]:
    return [n for a, n in zip(axes, shape, strict=True) if a in "zyx"]


def _blocks(array: zarr.Array, shape: Sequence[int]) -> list[int]:
    return [min(c, n) for c, n in zip(array.chunks, shape, strict=True)]


def _axis(letter: str, sized: bool, timed: bool) -> dict[str, str]:
    kind = {"t": "time", "c": "channel"}.get(letter, "space")
    axis = {"name": letter, "type": kind}
    if kind == "space" and sized:
        axis["unit"] = "micrometer"
    if kind == "time" and timed:
        axis["unit"] = "hour"
    return axis


def _level(
    path: str, scale: Sequence[float] | NDArray[Any], start: NDArray[Any] | None = None
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": [float(s) for s in scale]}]
    if start is not None:
        steps.append({"type": "translation", "translation": [float(s) for s in start]})
    return {"path": path, "coordinateTransformations": steps}

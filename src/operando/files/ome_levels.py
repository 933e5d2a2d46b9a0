"""The pyramid of an OME-Zarr image: smaller and smaller copies, for looking at it from afar."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.tiles import plan_tiles
from operando.errors import FileError
from operando.files.ome_zarr import compressor, level_entry
from operando.files.zarr.reader import ZARR_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    import zarr
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

SMALLEST_LEVEL = 128
"""Pyramids end where no axis is longer than this."""


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

    Raises
    ------
    FileError
        If there is no image.
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
    datasets = [level_entry("0", scale)]
    start = np.zeros(len(axes))
    plan = list(_plan(source.shape, axes, scale, wanted))
    total = sum(len(plan_tiles(shape, _blocks(source, shape))) for _, shape in plan)
    watch = Stopwatch(progress, total, "blocks", "Building the pyramid")
    for number, (factor, shape) in enumerate(plan, start=1):
        chunks = tuple(min(c, n) for c, n in zip(source.chunks, shape, strict=True))
        target = group.create_array(
            str(number), shape=shape, chunks=chunks, dtype=source.dtype, overwrite=True,
            dimension_names=tuple(axes), compressors=compressor(),
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
        datasets.append(level_entry(str(number), scale, start))
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

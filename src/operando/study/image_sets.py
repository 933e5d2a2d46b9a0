"""Image sets of a study: the source images, and what was made of them.

A set has the shape and voxel size of the source, so that strokes and results fit on all of them.
It is either an OME-Zarr image, or a list of transforms through which another set is looked at.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from operando.atomic import making, write_text
from operando.data.series import Series
from operando.errors import FileError, InputError
from operando.study.converted import CONVERTED
from operando.study.products import COPIED, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import zarr
    from numpy.typing import NDArray

    from operando.align.transform import Transform
    from operando.compute.blocks import Extent, Place
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Spacing
    from operando.study.partial import PartialResult

CHUNK = (32, 64, 64)
"""Nearly alike along all axes, and fits into the blocks that steps write."""


def check_new_set(product: str, source: str, path_of: Callable[[str], Path]) -> None:
    """Say what is wrong with the name of a set that is to be made of another one.

    Parameters
    ----------
    product, source
        The new set and the other.
    path_of
        Tells where a set lies, see `Study.product_path`.

    Raises
    ------
    InputError
        If the name is taken, or the other set looks at the one whose place the new one takes.
    """
    name = product.partition("/")[2]
    if not name or name in (COPIED, CONVERTED):
        raise InputError(f"{name!r} cannot be the name of an image set", "choose another one")
    seen = source
    while seen not in (product, SOURCE):
        path = path_of(seen)
        if path.suffix != ".json":
            return
        seen = read_transforms(path)[0]
    if seen == product:
        other = "itself" if source == product else f"{source}, which looks at it"
        raise InputError(
            f"{product} cannot be made of {other}", "choose another name for the result"
        )


def create_image_set(path: Path, images: Series) -> zarr.Array:
    """Make the OME-Zarr image ``(t, c, z, y, x)`` that a set of such images is written to."""
    from operando.files.ome_zarr import create_image

    return create_image(
        path,
        images.data.shape,
        images.data.dtype,
        axes="tczyx",
        voxel_size=images.voxel_size,
        times=images.times,
        chunks=(1, 1, *CHUNK),
        name=images.name,
    )


def fill_image_set(
    partial: PartialResult,
    images: Series,
    source: Any,
    function: Callable[[NDArray[np.float32], Place], NDArray[Any]],
    extent: Extent,
    *,
    progress: ProgressCallback | None = None,
    message: str = "",
) -> None:
    """Write a set block after block, with its pyramid; blocks that are done are left out.

    Parameters
    ----------
    partial
        Where the set is written, and put in its place in the end.
    images
        They give shape, type and calibration of the set.
    source, function, extent, progress, message
        As in `operando.compute.blocks.filter_blocks`.
    """
    from operando.compute.blocks import filter_blocks
    from operando.files.ome_levels import add_levels
    from operando.files.ome_zarr import open_image

    if not partial.content.exists():
        with making(partial.content) as empty:
            create_image_set(empty, images)
    target = open_image(partial.content, "r+")
    filter_blocks(
        source,
        target,
        function,
        extent,
        is_done=partial.is_done,
        on_block=partial.mark_done,
        progress=progress,
        message=message,
    )
    add_levels(partial.content, progress=progress)
    partial.publish()


def open_image_set(
    path: Path, name: str, images: Series, open_other: Callable[[str], Series]
) -> Series:
    """Open a set as a series with calibration and channels of the images of the study.

    Parameters
    ----------
    path, name
        Of the set.
    images
        Of the study.
    open_other
        Opens the set that this one looks at through transforms.
    """
    from operando.files import read

    if path.suffix == ".json":
        return _like(images, _open_transformed(path, open_other), name, path)
    return _like(images, read(path), name, path)


def write_transforms(
    path: Path, source: str, transforms: Sequence[Transform], voxel_size: Spacing | None
) -> None:
    """Write the transforms through which the set `source`, of such voxels, is looked at."""
    rows = [t.as_list() for t in transforms]
    content = {"source": source, "voxel_size": voxel_size, "transforms": rows}
    write_text(path, json.dumps(content, indent=1))


def read_transforms(path: Path) -> tuple[str, list[Transform], Spacing | None]:
    """Read what `write_transforms` wrote; earlier versions did not note the voxel size.

    Raises
    ------
    FileError
        If the file is damaged.
    """
    from operando.align.transform import Transform

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        transforms = [Transform.from_list(t) for t in content["transforms"]]
        return str(content["source"]), transforms, content.get("voxel_size")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} holds no transforms ({error})", "align again") from error


def _open_transformed(path: Path, open_other: Callable[[str], Series]) -> Series:
    from operando.align.resample import resampled

    source, transforms, voxel_size = read_transforms(path)
    return resampled(open_other(source).with_calibration(voxel_size), transforms)


def _like(images: Series, found: Series, name: str, path: Path) -> Series:
    if found.data.shape != images.data.shape:
        raise FileError(
            f"The image set {name!r} has the shape {found.data.shape}, "
            f"the images {images.data.shape}",
            "make it again",
        )
    return Series(
        data=found.data,
        voxel_size=images.voxel_size,
        times=images.times,
        channels=images.channels,
        name=f"{images.name} · {name}",
        source=(path,),
        metadata=found.metadata if path.suffix == ".zarr" else (),
    )

"""Phases on disk: labels, and one probability volume per class, in one Zarr group."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from operando.data.classes import LabelClass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.data.series import Series

_PROBABILITIES = "probabilities"


def create_phases(path: Path, images: Series, classes: Sequence[LabelClass]) -> tuple[Any, Any]:
    """Make the arrays that a segmentation is written to.

    Parameters
    ----------
    path
        Folder of the Zarr group.
    images
        Give shape, voxel size and times.
    classes
        What the labels 1, 2, ... mean.

    Returns
    -------
    labels
        Zarr array ``(t, z, y, x)`` uint8; class k of `classes` has the label k + 1.
    probabilities
        Zarr array ``(t, c, z, y, x)`` uint8, 0 to 255, one channel per class.
    """
    import zarr

    from operando.files.ome_zarr import create_image

    t, _, z, y, x = images.data.shape
    create = partial(
        create_image, voxel_size=images.voxel_size, times=images.times, name=images.name
    )
    labels = create(path, (t, z, y, x), "uint8", axes="tzyx")
    probabilities = create(path / _PROBABILITIES, (t, len(classes), z, y, x), "uint8", axes="tczyx")
    group = zarr.open_group(str(path), mode="r+")
    group.attrs["operando"] = {"classes": [asdict(c) for c in classes]}
    return labels, probabilities


def phase_classes(path: Path) -> tuple[LabelClass, ...]:
    """Read what the labels mean, without opening them: class k has the label k + 1."""
    import zarr

    group = zarr.open_group(str(path), mode="r")
    return tuple(LabelClass(**c) for c in group.attrs["operando"]["classes"])


def open_phases(path: Path, *, writable: bool = False) -> tuple[Any, Any, tuple[LabelClass, ...]]:
    """Open labels, probabilities and classes, as `create_phases` made them."""
    from operando.files.ome_zarr import open_image

    mode: Literal["r", "r+"] = "r+" if writable else "r"
    return open_image(path, mode), open_image(path / _PROBABILITIES, mode), phase_classes(path)

"""What users hand in: checks, and where in it there are particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.series import check_voxel_size
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def check_volume(volume: NDArray[Any], what: str) -> NDArray[Any]:
    """Return a label or mask volume, or say what is wrong with it."""
    volume = np.asarray(volume)
    if volume.ndim != 3 or 0 in volume.shape:
        raise InputError(
            f"{what} have the shape {volume.shape}", "give one volume with the axes z, y, x"
        )
    if volume.dtype.kind not in "bui":
        raise InputError(
            f"{what} are of type {volume.dtype}", "give whole numbers, or a mask of true and false"
        )
    return volume


def check_ids(ids: NDArray[Any]) -> NDArray[np.int32]:
    """Return a volume of ids as int32, or say what is wrong with it."""
    ids = check_volume(ids, "The ids")
    if ids.min() < 0 or ids.max() > np.iinfo(np.int32).max:
        raise InputError(
            f"The ids run from {ids.min()} to {ids.max()}", "number particles from 1, 0 is none"
        )
    return np.ascontiguousarray(ids, np.int32)


def check_same_shape(volume: NDArray[Any], ids: NDArray[Any], what: str) -> NDArray[Any]:
    """Return a volume that lies on the ids, or say that it does not."""
    volume = np.asarray(volume)
    if volume.shape != ids.shape:
        raise InputError(
            f"{what} has the shape {volume.shape}, the ids have {ids.shape}",
            "give volumes of the same frame",
        )
    return volume


def check_spacing(spacing: Sequence[float]) -> tuple[float, float, float]:
    """Return a voxel size (z, y, x), or say what is wrong with it."""
    return check_voxel_size(spacing)


def solid_of(phases_or_mask: NDArray[Any], phase: int | None) -> NDArray[np.bool_]:
    """Return where the particles are, from a mask or a label volume."""
    volume = check_volume(phases_or_mask, "The phases")
    if volume.dtype == bool:
        return volume
    if phase is None:
        if volume.min() < 0 or volume.max() > 1:
            raise InputError(
                f"Labels from {volume.min()} to {volume.max()} are no mask, and no phase was named",
                "name the label of the particles, or give a mask of true and false",
            )
        return volume.astype(bool)
    return np.asarray(volume == phase)

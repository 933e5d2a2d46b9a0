"""Take away rings around the rotation axis of a reconstruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from operando.clean.operation import Operation, filter_slices
from operando.data.given import grey_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.blocks import Place

_STEP = 0.5
_NEAREST = 3.0
"""Radii, voxels: how finely rings are told apart, and from which radius on."""
_WHOLE = 360.0
_SHORTEST, _PIECES = 20.0, 15
"""Shortest part of a ring that is told from structure, voxels, and pieces that it is cut into."""
_STANDS_OUT, _BESIDE = 4.5, 21
"""Times the usual height, of so many radii, from which on a height is a ring's."""


class RemoveRings(Operation):
    """Take away rings around the rotation axis, slice by slice, in polar coordinates."""

    centre: tuple[float, float] = Field(
        (-1.0, -1.0),
        title="Rotation axis (y, x)",
        description="Voxels from the first; negative stands for the middle of the slice",
        json_schema_extra={"unit": "voxels"},
    )
    widest: int = Field(
        9,
        ge=2,
        le=101,
        title="Widest ring",
        description="Voxels across; wider ones stay",
        json_schema_extra={"unit": "voxels"},
    )

    arc: float = Field(
        _WHOLE,
        ge=10,
        le=_WHOLE,
        title="Shortest part of a ring",
        description="360 takes away whole rings only; 60 also takes parts of a sixth of a circle "
        "and more, and touches more of the sample",
        json_schema_extra={"unit": "°"},
    )

    def apply(self, block: NDArray[np.float32], place: Place, prepared: Any) -> NDArray[np.float32]:
        """Filter every slice."""
        del prepared
        centre = None if min(self.centre) < 0 else self.centre

        def clean(image: NDArray[np.float32], _: int) -> NDArray[np.float32]:
            return remove_rings(image, centre=centre, widest=self.widest, arc=self.arc)

        return filter_slices(block, place, clean)


def remove_rings(
    image: NDArray[np.float32],
    *,
    centre: tuple[float, float] | None = None,
    widest: int = 9,
    arc: float = 360.0,
) -> NDArray[np.float32]:
    """Remove rings from one slice.

    What a voxel has over the running median along its radius is noise, structure or ring; the
    median of that along the circle, or a running median along it, is the ring [after Sijbers
    2004]. Only this correction is interpolated, the image keeps its resolution.

    Parameters
    ----------
    image
        ``(y, x)``; NaN where nothing was imaged.
    centre
        Rotation axis ``(y, x)``, voxels; by default the middle.
    widest
        Width of the running median is twice this, voxels.
    arc
        Length of the running median along the circle, degrees: parts of rings that are longer
        than half of it go. 360 takes away whole rings only.
    """
    from scipy.ndimage import map_coordinates, median_filter

    image = grey_values(image, "yx")
    y0, x0 = centre or ((image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2)
    y, x = np.indices(image.shape, np.float32)
    radius = np.hypot(y - y0, x - x0)
    steps = int(np.clip(np.ceil(2 * np.pi * radius.max() / 2), 360, 1440))
    angle = np.arange(steps) * (2 * np.pi / steps)
    r = np.arange(0, np.ceil(radius.max()) + _STEP, _STEP)
    at = np.stack([y0 + r[None] * np.sin(angle)[:, None], x0 + r[None] * np.cos(angle)[:, None]])
    inside = ((at >= 0) & (at <= np.array(image.shape)[:, None, None] - 1)).all(axis=0)
    known = np.isfinite(image)
    if not known.all():
        inside &= map_coordinates(known.astype(np.uint8), at, order=0, mode="nearest") > 0
        image = np.where(known, image, np.median(image[known]) if known.any() else 0)
    polar = map_coordinates(image, at, order=1, mode="nearest")
    width = 2 * int(widest / _STEP) + 1
    extra = polar - median_filter(polar, size=(1, width), mode="nearest")
    extra[~inside] = np.nan
    profile = _ring_profile(extra)
    correction = np.interp(radius.ravel(), r, profile).reshape(image.shape)
    if arc < _WHOLE:
        heights, per_piece = _arc_heights(extra - profile, arc)
        ray = np.arctan2(y - y0, x - x0) % (2 * np.pi) * steps / (2 * np.pi)
        piece = (ray - (per_piece - 1) / 2) / per_piece
        places = np.stack([piece, radius / _STEP])
        correction += map_coordinates(heights, places, order=1, mode="grid-wrap")
    return np.where(known, image - correction, np.nan).astype(np.float32)


def _ring_profile(extra: NDArray[np.float32]) -> NDArray[np.float64]:
    """Height of the ring at every radius; 0 where too little of it lies in the image."""
    known = np.isfinite(extra)
    enough = known.sum(axis=0) >= max(8, 0.1 * extra.shape[0])
    profile = np.zeros(extra.shape[1])
    if enough.any():
        profile[enough] = np.nanmedian(extra[:, enough], axis=0)
    # Near the axis a few voxels make the whole circle: what they hold is sample, not ring.
    profile[: int(_NEAREST / _STEP)] = 0
    return profile


def _arc_heights(extra: NDArray[np.float32], arc: float) -> tuple[NDArray[np.float32], int]:
    """Height of parts of rings ``(pieces of the circle, radii)``, and rays per piece."""
    from scipy.ndimage import median_filter

    rays = len(extra)
    per_piece = max(1, round(arc / _WHOLE * rays / _PIECES))
    pieces = -(-rays // per_piece)
    around = np.resize(np.nan_to_num(extra), (pieces * per_piece, extra.shape[1]))
    medians = np.median(around.reshape(pieces, per_piece, -1), axis=1)
    heights = median_filter(medians, size=(_PIECES, 1), mode="wrap")
    # Rings are few: what most pieces at about one radius show is structure and noise.
    usual = median_filter(np.median(np.abs(heights), axis=0), size=_BESIDE, mode="nearest")
    heights[np.abs(heights) < _STANDS_OUT * usual] = 0
    # Where it is only a few voxels long, a part of a ring is told from nothing.
    heights[:, : int(_SHORTEST / np.radians(arc) / _STEP)] = 0
    return heights, per_piece

"""Corrections by hand, as they are kept and as they change ids.

A correction names particles by a point in each of them and by the frame in which the points lie,
never by id: it can be done again when the particles were found anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from operando.errors import InputError
from operando.particles.labels.closing import cracks_between, distance
from operando.particles.measuring.paths import path_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Kind = Literal["merge", "split", "cut", "delete", "grow", "accept"]
Point = tuple[int, int, int]

_POINTS = {"merge": (2, 64), "split": (2, 2), "cut": (3, 3), "delete": (1, 64), "grow": (1, 1)}
_POINTS["accept"] = (1, 64)


class Edit(BaseModel):
    """One correction.

    ``merge``: the particles at all points become that of the first. ``split``: two seeds in one
    particle part it. ``cut``: a plane parts the particle at the first point, whose side keeps the
    id in every frame; the other two points and the normal of the slice that they were drawn in
    span the plane. ``delete``: what is at the
    points is no particle. ``grow``: the solid around the point that no other particle holds becomes
    one particle; in other frames, where the point went with the nearest particle. ``accept``: the
    particles are right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Field(title="Correction", description="What is done")
    frame: int = Field(title="Frame", description="Frame in which the points lie", ge=0)
    points: tuple[Point, ...] = Field(title="Points", description="Voxels (z, y, x)")
    axis: int = Field(0, title="Axis", description="Normal of the slice of a cut", ge=0, le=2)
    through_time: bool = Field(
        True, title="In all frames", description="Done to the same ids in every frame"
    )

    @model_validator(mode="after")
    def _enough_points(self) -> Edit:
        least, most = _POINTS[self.kind]
        if not least <= len(self.points) <= most:
            raise ValueError(f"{self.kind} takes {least} to {most} points, not {len(self.points)}")
        return self


def merge(
    ids: NDArray[np.int32],
    labels: Sequence[int],
    crack_width: float,
    spacing: tuple[float, float, float],
) -> NDArray[np.int32]:
    """Give particles, and the cracks between them, the id of the first.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, of a frame or a crop of it.
    labels
        At least two ids.
    crack_width
        Widest gap that may be a crack, in units of the spacing.
    spacing
        Voxel size ``(z, y, x)``.
    """
    crack = cracks_between(ids, labels, crack_width / 2, spacing)
    return np.where(crack | np.isin(ids, labels[1:]), np.int32(labels[0]), ids)


def delete(ids: NDArray[np.int32], labels: Sequence[int]) -> NDArray[np.int32]:
    """Take particles away."""
    return np.where(np.isin(ids, labels), np.int32(0), ids)


def split_at_seeds(
    ids: NDArray[np.int32],
    label: int,
    seeds: Sequence[NDArray[Any]],
    new: int,
    spacing: tuple[float, float, float],
) -> NDArray[np.int32]:
    """Part a particle between two seeds, where it is narrowest (watershed of the distance map).

    Every seed first moves to the deepest place that it can see. Where both move to the same one,
    there is no neck between them: then every voxel goes with the seed that is nearer inside the
    particle.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, of a frame or a crop of it.
    label
        The particle; the part of the first seed keeps its id.
    seeds
        Two points ``(z, y, x)``; each acts from the nearest voxel of the particle.
    new
        Id of the other part.
    spacing
        Voxel size ``(z, y, x)``.

    Raises
    ------
    InputError
        If both seeds are the same voxel.
    """
    from skimage.segmentation import watershed

    mask = ids == label
    first, second = (nearest_voxel(mask, seed, spacing) for seed in seeds)
    if first == second:
        raise InputError("Both seeds lie in the same place", "click on two parts of the particle")
    depth = distance(mask, spacing)
    peaks = [_climb(depth, seed, spacing) for seed in (first, second)]
    if peaks[0] == peaks[1]:
        lengths = [path_lengths(mask, _at(mask, seed), spacing) for seed in (first, second)]
        return np.where(mask & (lengths[1] < lengths[0]), np.int32(new), ids)
    markers = np.zeros(ids.shape, np.int32)
    markers[peaks[0]], markers[peaks[1]] = 1, 2
    parts = watershed(-depth, markers, mask=mask)
    return np.where(parts == 2, np.int32(new), ids)


def cut_along_line(
    ids: NDArray[np.int32],
    label: int,
    line: Sequence[NDArray[Any]],
    axis: int,
    new: int,
    keeps: NDArray[Any],
) -> NDArray[np.int32]:
    """Part a particle along a line drawn in a slice, straight down through the slices.

    Parameters
    ----------
    ids, label, new
        As in `split_at_seeds`, but for which part keeps the id.
    line
        Two points ``(z, y, x)``.
    axis
        Normal of the slice: 0, 1, 2 for z, y, x.
    keeps
        Point ``(z, y, x)``; the part on its side of the cut keeps the id.

    Raises
    ------
    InputError
        If the line is a point, or all of the particle lies on one side of it.
    """
    start, end = (np.asarray(point, float) for point in line)
    normal = np.cross(np.eye(3)[axis], end - start)
    if not normal.any():
        raise InputError("The line has no length", "draw it from one side to the other")
    mask = ids == label
    places = np.argwhere(mask)
    beyond = (places - start) @ normal > 0
    if beyond.all() or not beyond.any():
        raise InputError(
            f"The line does not cross particle {label}", "draw it through the particle"
        )
    here = (np.asarray(keeps, float) - start) @ normal > 0
    out = ids.copy()
    out[tuple(places[beyond != here].T)] = new
    return out


def grow(
    ids: NDArray[np.int32],
    solid: NDArray[np.bool_],
    seed: Point,
    new: int,
) -> NDArray[np.int32]:
    """Let a particle grow from a seed over the connected solid that no other particle holds.

    Parameters
    ----------
    ids, solid
        ``(Z, Y, X)``, of a frame or a crop of it.
    seed
        Voxel of the solid. If it lies in a particle, that one is grown anew and keeps its id.
    new
        Id if the seed lies in none.

    Raises
    ------
    InputError
        If the seed is not in the solid.
    """
    from skimage.morphology import flood

    from operando.particles.labels.closing import fill_enclosed

    if not solid[seed]:
        raise InputError("There is no solid at the seed", "click on the particles' phase")
    label = int(ids[seed]) or new
    free = solid & ((ids == 0) | (ids == label))
    reached = flood(free.astype(np.uint8), seed, connectivity=1).astype(bool)
    out = np.where(ids == label, np.int32(0), ids)
    out[reached] = label
    filled = fill_enclosed(out)
    return np.where((out == 0) & (filled == label), np.int32(label), out)


def nearest_voxel(
    mask: NDArray[np.bool_],
    point: NDArray[Any],
    spacing: tuple[float, float, float],
    reach: float = np.inf,
) -> Point:
    """Voxel of a mask that is nearest to a point ``(z, y, x)``.

    Raises
    ------
    InputError
        If there is none within the reach.
    """
    places = np.argwhere(mask)
    gaps = (((places - np.asarray(point)) * np.asarray(spacing)) ** 2).sum(axis=1)
    if not len(gaps) or gaps.min() > reach**2:
        raise InputError("There is no solid at the seed", "click on the particles' phase")
    z, y, x = places[gaps.argmin()]
    return int(z), int(y), int(x)


def _climb(depth: NDArray[np.float32], seed: Point, spacing: tuple[float, float, float]) -> Point:
    """Move a voxel to the deepest one in the largest ball around it, until it stays."""
    places = np.argwhere(depth > 0)
    values = depth[tuple(places.T)]
    points = places * np.asarray(spacing)
    here = seed
    while True:
        reach = max(float(depth[here]), 2 * max(spacing))
        seen = ((points - np.asarray(here) * spacing) ** 2).sum(axis=1) <= reach**2
        best = np.flatnonzero(seen)[values[seen].argmax()]
        if values[best] <= depth[here]:
            return here
        z, y, x = places[best]
        here = (int(z), int(y), int(x))


def _at(mask: NDArray[np.bool_], point: Point) -> NDArray[np.bool_]:
    out = np.zeros_like(mask)
    out[point] = True
    return out

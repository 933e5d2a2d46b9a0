"""Sparse brush strokes as a person would paint them, from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Brush:
    """How a person paints.

    Parameters
    ----------
    radius
        Of the brush, voxels; thin places are painted with a thinner one.
    length
        Shortest and longest stroke, voxels.
    careful
        Share of strokes that keep a brush radius away from the borders of the class; the
        others follow what is too thin for that: films of binder, cracks, gaps.
    wobble
        Standard deviation of the turn per voxel of path, radians.
    """

    radius: float = 2
    length: tuple[int, int] = (8, 30)
    careful: float = 0.7
    wobble: float = 0.25


def paint_strokes(
    phases: NDArray[np.uint8],
    *,
    frames: Sequence[int] = (0,),
    slices: Sequence[int] | int = 3,
    share: float = 0.0014,
    brush: Brush | None = None,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Paint curved strokes inside the classes of a few slices.

    Parameters
    ----------
    phases
        ``(T, Z, Y, X)``, 0 is not painted, 1..K are classes.
    frames
        Frames to paint in.
    slices
        The z of the slices, or how many to spread over the height.
    share
        Painted voxels over the voxels of a frame, the same number for every class.
    brush
        How to paint.
    seed
        The same seed paints the same strokes.

    Returns
    -------
    ``(T, Z, Y, X)`` uint8, 0 where nothing was painted. Every stroke lies in its class.

    Raises
    ------
    InputError
        If a frame or slice is not there, or the share is not between 0 and 1.
    """
    if phases.ndim != 4:
        raise InputError(f"Phases of shape {phases.shape}", "give them as (t, z, y, x)")
    if not 0 < share <= 1:
        raise InputError(f"A share of {share}", "choose more than 0, at most 1")
    where = _choose_slices(phases.shape[1], slices)
    for name, values, count in (("frame", frames, len(phases)), ("slice", where, phases.shape[1])):
        wrong = [v for v in values if not 0 <= v < count]
        if wrong:
            raise InputError(f"There is no {name} {wrong[0]}", f"choose 0 to {count - 1}")
    rng = np.random.default_rng([seed, 0x57120])
    strokes = np.zeros(phases.shape, np.uint8)
    budget = share * phases[0].size / len(where)
    for t in frames:
        for z in where:
            labels = [int(v) for v in np.unique(phases[t, z]) if v]
            for label in labels:
                painted = _paint_class(
                    phases[t, z] == label, budget / len(labels), brush or Brush(), rng
                )
                strokes[t, z][painted] = label
    return strokes


def _choose_slices(height: int, slices: Sequence[int] | int) -> list[int]:
    if not isinstance(slices, int):
        return list(slices)
    if not 1 <= slices <= height:
        raise InputError(f"{slices} slices", f"choose 1 to {height}")
    return [int(v) for v in (np.arange(slices) + 0.5) * height / slices]


def _paint_class(
    region: NDArray[np.bool_], budget: float, brush: Brush, rng: np.random.Generator
) -> NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    painted = np.zeros(region.shape, bool)
    room = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    wide = room > brush.radius + 0.5
    thin = region & (distance_transform_edt(~wide) > 2 * brush.radius) if wide.any() else region
    # A small region may hold less than its share of paint.
    while painted.sum() < min(budget, 0.5 * region.sum()):
        careful = bool(wide.any()) and (rng.random() < brush.careful or not thin.any())
        for y, x in _walk(wide if careful else thin, brush, rng):
            radius = min(brush.radius, max(0.75, room[int(y), int(x)] - 0.5))
            _stamp(painted, region, y, x, radius)
            if painted.sum() >= budget:
                break
    return painted


def _walk(
    allowed: NDArray[np.bool_], brush: Brush, rng: np.random.Generator
) -> list[tuple[float, float]]:
    places = np.argwhere(allowed)
    y, x = places[rng.integers(len(places))] + 0.5
    heading = rng.uniform(0, 2 * np.pi)
    path = [(float(y), float(x))]
    for _ in range(int(rng.integers(*brush.length, endpoint=True))):
        heading += rng.normal(0, brush.wobble)
        turns = heading + np.array([0, 0.4, -0.4, 0.9, -0.9, 1.5, -1.5])
        ahead = np.column_stack([y + np.sin(turns), x + np.cos(turns)])
        free = [i for i, (a, b) in enumerate(ahead) if _inside(allowed, a, b)]
        if not free:
            break
        heading, (y, x) = turns[free[0]], ahead[free[0]]
        path.append((float(y), float(x)))
    return path


def _inside(region: NDArray[np.bool_], y: float, x: float) -> bool:
    return 0 <= y < region.shape[0] and 0 <= x < region.shape[1] and bool(region[int(y), int(x)])


def _stamp(
    painted: NDArray[np.bool_], region: NDArray[np.bool_], y: float, x: float, radius: float
) -> None:
    low_y, low_x = max(0, int(y - radius)), max(0, int(x - radius))
    box = (slice(low_y, int(y + radius) + 2), slice(low_x, int(x + radius) + 2))
    rows, columns = np.ogrid[box]
    rows, columns = rows[: painted.shape[0] - low_y], columns[:, : painted.shape[1] - low_x]
    disc = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= radius**2
    painted[box] |= disc & region[box]

"""Cracks and delamination: windows split by a plane, and the opening between their halves."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.grid.guess import Guess
from operando.strain.grid.register import no_motion
from operando.strain.volumes.volume import check_pair
from operando.strain.windows.narrower import narrower_windows
from operando.strain.windows.solver import solve_windows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField
    from operando.strain.volumes.frames import Frames

COLUMNS = [
    *"zyx",
    *(f"normal_{k}" for k in "zyx"),
    *(f"opening_{k}" for k in "zyx"),
    "opening",
    "sigma_opening",
    "residual_ratio",
]
_OFFSETS = (-6.0, -3.0, 3.0, 6.0)
_SMALLEST_HALF = 0.12
_RIM = 2.0
_LEAST_NOISE = 0.7
"""Of the noise share of a typical sound window: what a very good one may have."""


def plane_normals() -> NDArray[np.float64]:
    """Thirteen unit normals: the directions to the 26 neighbours, one of each pair."""
    steps = np.array([s for s in product((-1, 0, 1), repeat=3) if s > (0, 0, 0)], float)
    return np.asarray(steps / np.linalg.norm(steps, axis=1, keepdims=True))


def find_cracks(
    reference: ArrayLike,
    deformed: ArrayLike,
    field: DisplacementField,
    *,
    drop: float = 0.35,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Split the windows with too large residuals and measure what opens between their halves.

    Every node with low correlation is cut by planes of 13 orientations, then of five
    distances; each half finds its own affine motion, started from the sound nodes on its side.
    The split is believed where it lowers the residual variance below `drop` times that of the
    whole window, which may bend. Two voxels next to the plane are left out: there the spline sees
    the gap. Near a crack's edge, where it changes within a window, the opening comes out too small.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)``, those that the field was measured on.
    field
        From `operando.strain.correlate`.
    drop
        Largest residual variance after the split over that before.
    progress
        Receives `Progress`; raises `Cancelled` to stop.

    Returns
    -------
    One row a crack point: ``z, y, x`` on the plane (voxels of the reference), unit
    ``normal_z, ...``, ``opening_z, ...`` (motion of the side the normal points to less that of the
    other, voxels), ``opening`` (its component along the normal, mode I) with predicted
    ``sigma_opening``, and ``residual_ratio``.
    """
    import pandas as pd

    from operando.compute.progress import Stopwatch
    from operando.strain.volumes.frames import Frames

    nodes = np.flatnonzero(
        np.isin(
            field.status,
            (NodeStatus.LOW_CORRELATION, NodeStatus.NOT_CONVERGED, NodeStatus.NARROWED),
        )
        & np.isfinite(field.displacement).all(axis=1)
    )
    watch = Stopwatch(progress, len(nodes), "nodes", "splitting windows")
    if len(nodes) == 0 or not field.valid.any():
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    first, second = check_pair(reference, deformed)
    box = (slice(None),) * 3
    (grey, mask), (moved, moved_mask) = first.read(box), second.read(box)
    frames = Frames(grey, moved, mask, moved_mask)
    rows = []
    for start in range(0, len(nodes), 16):
        part = nodes[start : start + 16]
        tried, before = _unexplained(frames, field, part, drop)
        if len(tried):
            rows += _split(frames, field, tried, before, drop)
        watch.advance(len(part))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=float)


def _unexplained(
    frames: Frames, field: DisplacementField, nodes: NDArray[np.int64], drop: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Nodes whose residual is worth a split, and that residual in the whole window, ``(n,)``.

    A motion that bends needs no crack: the whole window is of order 2. No split lowers the
    residual below the noise, which sound nodes tell.
    """
    centres = np.asarray(field.positions[nodes], np.int64)
    start = _starts(field, centres, None)
    whole = solve_windows(frames, centres, start, field.window, coverage=0.3, orders=(True, True))
    followed = whole.code[:, 1] == 0
    residual = np.where(followed, whole.noise[:, 1], whole.noise[:, 0])
    residual = np.where(np.isfinite(residual), residual, np.inf)
    zncc = np.where(followed, whole.zncc[:, 1], whole.zncc[:, 0])
    least = _LEAST_NOISE * (1 - float(np.median(field.zncc[field.valid])))
    worth = ~(drop * (1 - zncc) < least)
    return nodes[worth], residual[worth]


def _split(
    frames: Frames,
    field: DisplacementField,
    nodes: NDArray[np.int64],
    before: NDArray[np.float64],
    drop: float,
) -> list[dict[str, float]]:
    centres = np.asarray(field.positions[nodes], np.int64)
    normals = plane_normals()
    planes = np.concatenate([normals, np.zeros((len(normals), 1))], axis=1)
    trials = np.repeat(planes[None], len(nodes), axis=0)
    halves = _solve_halves(frames, field, centres, trials)
    best = trials[np.arange(len(nodes)), halves[0].argmin(axis=1)]
    offsets = np.repeat(best[:, None], len(_OFFSETS) + 1, axis=1)
    offsets[:, 1:, 3] = _OFFSETS
    residual, up, down, variance = _solve_halves(frames, field, centres, offsets)
    # the narrow window that a valid node was followed in is whole
    sound = min(w // 2 for w in (narrower_windows(field.window) or [field.window])[-1])
    variance *= field.info.get("noise_inflation", 1.0)
    rows = []
    for k in range(len(nodes)):
        j = int(residual[k].argmin())
        normal, distance = offsets[k, j, :3], offsets[k, j, 3]
        cut = not field.valid[nodes[k]] or abs(distance) >= sound
        if not (cut and residual[k, j] < drop * before[k]):
            continue
        opening = up[k, j] - down[k, j]
        place = centres[k] + distance * normal
        rows.append(
            dict(zip(COLUMNS, [*place, *normal, *opening], strict=False))
            | {
                "opening": float(opening @ normal),
                "sigma_opening": float(np.sqrt(normal**2 @ variance[k, j])),
                "residual_ratio": float(residual[k, j] / before[k]),
            }
        )
    return rows


def _solve_halves(
    frames: Frames,
    field: DisplacementField,
    centres: NDArray[np.int64],
    planes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Both sides of ``(N, T, 4)`` planes.

    Returns
    -------
    Residual variance ``(N, T)``, motion of the upper and of the lower side on the plane, and the
    variance of their difference, each ``(N, T, 3)``.
    """
    n, trials = planes.shape[:2]
    residual = np.zeros((n, trials))
    share = np.zeros((n, trials))
    motion, variance = [], np.zeros((n, trials, 3))
    points = np.repeat(centres, trials, axis=0)
    half = np.array(field.window) // 2
    for side in (-1.0, 1.0):
        cut = (side * planes).reshape(-1, 4)
        cut[:, 3] -= _RIM
        found = solve_windows(
            frames,
            points,
            _starts(field, points, cut),
            field.window,
            coverage=_SMALLEST_HALF,
            planes=cut,
        )
        good = found.code[:, 0] == 0
        used = np.where(good, found.coverage[:, 0], 0.0)
        noise = np.where(good, found.noise[:, 0], np.inf)
        residual += np.where(good, noise * np.maximum(used, 1e-9), np.inf).reshape(n, trials)
        share += used.reshape(n, trials)
        away = (planes[..., 3:] * planes[..., :3]).reshape(-1, 3) / half
        c = found.motion[:, 0]
        u = c[:, :, 0] + np.einsum("nij,nj->ni", c[:, :, 1:4], away)
        motion.append(u.reshape(n, trials, 3))
        variance += found.variance[:, 0].reshape(n, trials, 3)
    return residual / np.maximum(share, 1e-9), motion[0], motion[1], variance


def _starts(
    field: DisplacementField, points: NDArray[np.int64], planes: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Motion to start from: that of the nearest sound nodes on the kept side of each plane."""
    sound = field.valid
    places = np.asarray(field.positions[sound], np.float64)
    u = np.asarray(field.displacement[sound], np.float64)
    g = np.nan_to_num(np.asarray(field.gradient[sound], np.float64))
    flat = np.zeros((1, 3, 3))
    if planes is None:
        guess = Guess(no_motion((1, 1, 1)), places, u, g)
        return guess.polynomials(points, field.window)
    out = np.zeros((len(points), 3, 10))
    for k, (point, plane) in enumerate(zip(points, planes, strict=True)):
        away = places - point
        side = away @ plane[:3] <= plane[3]
        distance = np.where(side, np.linalg.norm(away, axis=1), np.inf)
        near = np.argsort(distance)[:4]
        near = near[np.isfinite(distance[near])]
        if len(near):
            guess = Guess(
                no_motion((1, 1, 1)), places[near], u[near], np.repeat(flat, len(near), 0)
            )
            out[k] = guess.polynomials(point[None], field.window)[0]
    return out

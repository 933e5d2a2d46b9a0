"""Rigid, similarity and affine registration of two volumes to a small part of a voxel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.align.transform import Transform
from operando.compute.shifts import rotation, shift_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.align.pyramid import Level

Motion = Literal["shift", "rigid", "similarity", "affine"]
GOOD_ZNCC = 0.6
_TURNS = 40
_STARTS = 8
_TUKEY = 4.7


@dataclass(frozen=True)
class Registration:
    """How a frame lies against the reference.

    Parameters
    ----------
    transform
        From places of the reference to places of the frame, µm.
    zncc
        Zero-normalised correlation of the two under it; below 0.3 nothing was found.
    overlap
        Share of the reference that lies inside the frame.
    """

    transform: Transform
    zncc: float
    overlap: float

    @property
    def merit(self) -> float:
        """ZNCC, lowered where little overlaps: a small part matches by chance."""
        return self.zncc * float(np.sqrt(self.overlap))


def register(
    reference: Sequence[Level],
    moving: Sequence[Level],
    motion: Motion = "rigid",
    start: Transform | None = None,
) -> Registration:
    """Find how a frame moved against a reference.

    Shift candidates on the coarsest level, and turned ones if none correlates; then Gauss-Newton
    (inverse compositional [Baker 2004]) on the zero-normalised difference, from coarse to fine,
    at a lattice of points. A change of gain and offset does not matter, and Tukey's weights
    [Beaton 1974] leave out points that move by themselves.

    Parameters
    ----------
    reference, moving
        As `operando.align.pyramid.make_pyramid` gives them, finest first.
    motion
        "shift" (3 numbers), "rigid" (6), "similarity" (rigid with one change of length, 7) or
        "affine" (12). On a single slice, in its plane.
    start
        Where to begin; no search then.
    """
    levels = list(zip(reference, moving, strict=False))
    coarse = levels[-1]
    if start is not None:
        found = _fit(*coarse, motion, start)
    else:
        rough: Motion = "shift" if motion == "shift" else "rigid"
        found = _best(coarse, rough, _shift_starts(*coarse, np.eye(3)))
        if found.zncc < GOOD_ZNCC and motion != "shift":
            turns = [
                rotation(k, a) for k, a in product(_turn_axes(coarse[0]), (-20, -14, -8, 8, 14, 20))
            ]
            starts = [s for turn in turns for s in _shift_starts(*coarse, turn)[:2]]
            found = max(found, _best(coarse, rough, starts), key=lambda r: r.merit)
    for level in reversed(levels):
        finer = _fit(*level, motion, found.transform)
        if finer.zncc > 0.5 * found.zncc:
            found = finer
    return found


def generators(motion: Motion, planar: bool) -> NDArray[np.float64]:
    """Directions of the Lie algebra ``(n, 4, 4)``: shifts, rotations, then stretches."""
    axes = (1, 2) if planar else (0, 1, 2)
    found = [_unit(i, 3) for i in axes]
    if motion != "shift":
        found += [_unit(i, j) - _unit(j, i) for i, j in ((0, 1), (0, 2), (1, 2)) if i in axes]
    if motion == "similarity":
        found.append(sum((_unit(i, i) for i in axes), np.zeros((4, 4))))
    if motion == "affine":
        found += [_unit(i, i) for i in axes]
        found += [_unit(i, j) + _unit(j, i) for i, j in ((0, 1), (0, 2), (1, 2)) if i in axes]
    return np.array(found)


def _unit(i: int, j: int) -> NDArray[np.float64]:
    out = np.zeros((4, 4))
    out[i, j] = 1
    return out


def _turn_axes(level: Level) -> Sequence[int]:
    return (0,) if level.grey.shape[0] == 1 else (0, 1, 2)


def _best(level: tuple[Level, Level], motion: Motion, starts: Sequence[Transform]) -> Registration:
    found = []
    for start in starts:
        found.append(_fit(*level, motion, start, turns=_STARTS))
        if found[-1].zncc > 0.95:
            break
    return max(found, key=lambda r: r.merit)


def _shift_starts(reference: Level, moving: Level, turn: NDArray[np.float64]) -> list[Transform]:
    """One rotation about the middle, with the most likely shifts after it."""
    from scipy.ndimage import affine_transform

    middle = (np.array(reference.grey.shape) - 1) / 2
    turned = reference.filled
    scale = reference.spacing
    if not np.array_equal(turn, np.eye(3)):
        voxels = np.diag(1 / scale) @ turn.T @ np.diag(scale)
        turned = affine_transform(turned, voxels, middle - voxels @ middle, order=1, mode="nearest")
    common = tuple(slice(0, min(n)) for n in zip(turned.shape, moving.grey.shape, strict=True))
    shifts = shift_candidates(turned[common], moving.filled[common])
    centre = reference.origin + middle * scale
    offset = moving.origin - reference.origin
    return [Transform.from_linear(turn, s * scale + offset, centre) for s in shifts]


@dataclass(frozen=True)
class _Steps:
    """Small motions about the middle of the points of a reference, in units of their reach.

    ``directions (n, 4, 4)`` of the Lie algebra; ``about (4, 4)`` from these units to places;
    ``jacobian (points, n)`` change of grey value with each, the motion projected on the gradient.
    """

    directions: NDArray[np.float64]
    about: NDArray[np.float64]
    reach: float
    jacobian: NDArray[np.float64]

    @classmethod
    def of(cls, reference: Level, motion: Motion) -> _Steps:
        """Find what a motion may do to the points of a level."""
        points = reference.points
        directions = generators(motion, planar=reference.grey.shape[0] == 1)
        centre = points.places.mean(axis=0)
        reach = float(np.abs(points.places - centre).max()) or 1.0
        about = np.eye(4)
        about[:3, 3] = centre
        about[:3, :3] *= reach
        scaled = np.c_[(points.places - centre) / reach, np.ones(len(points.places))]
        moved = np.einsum("nij,pj->pni", directions[:, :3], scaled) * reach
        return cls(directions, about, reach, np.einsum("pni,pi->pn", moved, points.gradient))

    def taken(self, matrix: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correct a transform by the inverse of a step of each direction."""
        from scipy.linalg import expm

        step = np.einsum("n,nij->ij", sizes, self.directions)
        corrected = matrix @ self.about @ np.linalg.inv(expm(step)) @ np.linalg.inv(self.about)
        return np.asarray(corrected)


def _fit(
    reference: Level, moving: Level, motion: Motion, start: Transform, turns: int = _TURNS
) -> Registration:
    """Refine a transform on one level."""
    points = reference.points
    steps = _Steps.of(reference, motion)
    planar = reference.grey.shape[0] == 1
    finest = float(reference.spacing[1:].min() if planar else reference.spacing.min())
    matrix = start.matrix
    zncc, overlap = -1.0, 0.0
    best = Registration(start, -1.0, 1e-6)
    weights: NDArray[np.float64] = np.ones(len(points.places))
    for turn in range(turns):
        inside, seen = _seen(moving, points.places @ matrix[:3, :3].T + matrix[:3, 3])
        overlap = float(inside.mean())
        if inside.sum() < max(64, 0.1 * len(points.places)):
            return best
        grey = points.grey[inside]
        a, b = grey - grey.mean(), seen - seen.mean()
        norm = float(np.sqrt((a @ a) * (b @ b)))
        if norm <= 0:
            return best
        zncc = float(a @ b) / norm
        if zncc > best.zncc:
            best = Registration(Transform(matrix), zncc, overlap)
        gain = float(a @ b) / float(a @ a)
        if gain <= 0:
            return best
        sizes, rest = _solve(steps.jacobian[inside], a, b / gain - a, weights[inside])
        if turn >= 2:
            weights = np.ones(len(points.places))
            weights[inside] = _tukey(rest)
        matrix = steps.taken(matrix, sizes)
        if turn >= 4 and np.abs(sizes).max() * steps.reach < 2e-3 * finest:
            break
    final = Registration(Transform(matrix), zncc, overlap)
    return final if final.zncc > 0.98 * best.zncc else best


def _seen(
    moving: Level, places: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which places lie in what was imaged of a level, and the grey values there."""
    from scipy.ndimage import map_coordinates

    voxels = (places - moving.origin) / moving.spacing
    limit = np.array(moving.grey.shape) - 1
    inside = np.asarray(((voxels >= -1e-6) & (voxels <= limit + 1e-6)).all(axis=1))
    inside[inside] = moving.sound[tuple(np.rint(voxels[inside]).astype(int).T)]
    grey = map_coordinates(
        moving.coefficients, voxels[inside].T, order=3, prefilter=False, mode="mirror"
    )
    return inside, np.asarray(grey)


def _solve(
    slope: NDArray[np.float64],
    grey: NDArray[np.float64],
    rest: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes of the steps that explain the differences of grey values best, and what is left."""
    # Gain and offset are unknowns of the same least squares, so they carry no motion.
    whole = np.c_[slope, grey, np.ones_like(grey)]
    root = np.sqrt(weights)[:, None]
    solution = _least_squares(whole * root, rest * root[:, 0])
    return solution[: slope.shape[1]], rest - whole @ solution


def _tukey(rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of points by what is left of their difference."""
    spread = 1.4826 * float(np.median(np.abs(rest))) or 1.0
    return np.asarray(np.clip(1 - (rest / (_TUKEY * spread)) ** 2, 1e-3, 1) ** 2)


def _least_squares(matrix: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for few unknowns by their normal equations, columns scaled to one length."""
    normal = matrix.T @ matrix
    scale = np.sqrt(np.maximum(np.diag(normal), np.finfo(float).tiny))
    right = matrix.T @ values / scale
    return np.asarray(
        np.linalg.lstsq(normal / np.outer(scale, scale), right, rcond=1e-12)[0] / scale
    )

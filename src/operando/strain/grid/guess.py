"""Where to start each window: coarse registration, then windows on reduced volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.strain.grid.nodes import grid_points, node_axes
from operando.strain.grid.register import GOOD_ZNCC, AffineMotion, no_motion, pyramid, register
from operando.strain.volumes.frames import Frames
from operando.strain.windows.solver import solve_windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_WINDOW, _SPACING, _NEAREST = 21, 10, 8
COARSE, START = "coarse", "start"
"""Names under which a store keeps the coarse motion, and a rougher one to find it from."""


@dataclass(frozen=True)
class Guess:
    """A motion known at some points, each with its gradient; affine motion where none is near.

    Parameters
    ----------
    affine
        The motion of the whole.
    points, displacement, gradient
        ``(M, 3)``, ``(M, 3)``, ``(M, 3, 3)``; M may be 0.
    """

    affine: AffineMotion
    points: NDArray[np.float64]
    displacement: NDArray[np.float64]
    gradient: NDArray[np.float64]

    def at(self, points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Displacement ``(N, 3)`` and gradient ``(N, 3, 3)`` at points, by inverse distance."""
        if len(self.points) == 0:
            gradient = np.broadcast_to(self.affine.gradient, (len(points), 3, 3))
            return self.affine.at(points), gradient
        from scipy.spatial import cKDTree

        distance, near = cKDTree(self.points).query(points, k=min(_NEAREST, len(self.points)))
        distance, near = distance.reshape(len(points), -1), near.reshape(len(points), -1)
        weight = 1 / (distance + 1e-3) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        away = points[:, None] - self.points[near]
        values = self.displacement[near] + np.einsum("nkij,nkj->nki", self.gradient[near], away)
        return (
            np.einsum("nk,nki->ni", weight, values),
            np.einsum("nk,nkij->nij", weight, self.gradient[near]),
        )

    def polynomials(self, points: NDArray[Any], window: tuple[int, ...]) -> NDArray[np.float64]:
        """Motion of windows at the points, ``(N, 3, 10)``."""
        u, g = self.at(points)
        return polynomials(u, g, window)

    def known(
        self,
        points: NDArray[Any],
        displacement: NDArray[np.float64],
        gradient: NDArray[np.float64],
    ) -> Guess:
        """Keep the affine motion, with other points."""
        return Guess(self.affine, points.astype(np.float64), displacement, gradient)

    def moved(self, origin: NDArray[Any], offset: NDArray[Any]) -> Guess:
        """Express the motion in a box that starts at `origin`, less a shift of the deformed box."""
        a = self.affine
        affine = AffineMotion(a.translation - offset, a.gradient, a.centre - origin, a.zncc)
        return Guess(affine, self.points - origin, self.displacement - offset, self.gradient)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as named arrays; `from_arrays` reads them."""
        affine = {f"affine_{name}": np.asarray(value) for name, value in vars(self.affine).items()}
        own = ("points", "displacement", "gradient")
        return affine | {name: getattr(self, name) for name in own}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Guess:
        """Make a guess of what `to_arrays` gave."""
        affine = AffineMotion(
            arrays["affine_translation"],
            arrays["affine_gradient"],
            arrays["affine_centre"],
            float(arrays["affine_zncc"]),
            float(arrays["affine_overlap"]),
        )
        return cls(affine, arrays["points"], arrays["displacement"], arrays["gradient"])

    def finer(self, factor: float) -> Guess:
        """Express the motion in voxels smaller by a factor."""
        shift = (factor - 1) / 2
        a = self.affine
        affine = AffineMotion(factor * a.translation, a.gradient, factor * a.centre + shift, a.zncc)
        return Guess(
            affine, factor * self.points + shift, factor * self.displacement, self.gradient
        )


def polynomials(
    displacement: NDArray[np.float64], gradient: NDArray[np.float64], window: tuple[int, ...]
) -> NDArray[np.float64]:
    """Displacement and gradient as window motion, ``(N, 3, 10)``."""
    out = np.zeros((len(displacement), 3, 10))
    out[:, :, 0] = displacement
    out[:, :, 1:4] = gradient * (np.array(window) // 2)
    return out


def only_affine(motion: AffineMotion) -> Guess:
    """Guess without points of its own."""
    return Guess(motion, np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3, 3)))


def coarse_to_fine(
    reference: NDArray[np.float32],
    deformed: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
    start: Guess | None = None,
) -> Guess:
    """Register, then follow what is not affine with windows on volumes reduced by 4 and 2.

    A finer level is only visited while windows still move against the guess by more than a
    quarter of its voxels. With a `start`, as a preview finds it, nothing is registered.
    """
    guess = start or only_affine(register(reference, deformed, mask))
    return follow_levels(reference, deformed, guess)


def follow_levels(
    reference: NDArray[np.float32],
    deformed: NDArray[np.float32],
    guess: Guess,
    levels: tuple[int, ...] = (2, 1),
) -> Guess:
    """Follow a motion with windows on volumes reduced by 4 and 2, as far as it is needed.

    The volumes may differ in shape where they are boxes of larger ones.
    """
    first, second = pyramid(reference), pyramid(deformed)
    for level in levels:
        if level >= min(len(first), len(second)):
            continue
        if min(first[level].shape) < _WINDOW + _SPACING + 6:
            continue
        scale = 2**level
        better, change = _follow(first[level], second[level], guess.finer(1 / scale))
        guess = better.finer(scale)
        if change < 0.25:
            break
    return guess


def _follow(
    reference: NDArray[np.float32], deformed: NDArray[np.float32], guess: Guess
) -> tuple[Guess, float]:
    """Windows on one level; also the largest change against the guess."""
    window = (_WINDOW,) * 3
    points = grid_points(node_axes(reference.shape, (_SPACING,) * 3, window))
    start = guess.polynomials(points, window)
    frames = Frames(reference, deformed, spline="cubic")
    found = solve_windows(frames, points, start, window, tolerance=0.01)
    good = (found.code[:, 0] == 0) & (found.zncc[:, 0] > GOOD_ZNCC)
    if not good.any():
        return guess, 0.0
    motion = found.motion[good, 0]
    change = np.abs(motion[:, :, 0] - start[good, :, 0]).max()
    gradient = motion[:, :, 1:4] / (_WINDOW // 2)
    return guess.known(points[good], motion[:, :, 0], gradient), float(change)


def no_guess(shape: tuple[int, ...]) -> Guess:
    """Start from no motion at all."""
    return only_affine(no_motion(shape))

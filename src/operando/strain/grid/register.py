"""Coarse registration without a user step: the affine motion between two volumes.

Shift candidates come from phase correlation of reduced volumes; zero-normalised Gauss-Newton with
the whole volume as one window refines them from coarse to fine. Rotated starts are tried only when
the plain one does not correlate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.shifts import rotation, shift_candidates
from operando.strain.grid.nodes import MARGIN
from operando.strain.volumes.frames import Frames
from operando.strain.windows.solver import solve_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOOD_ZNCC = 0.6


@dataclass(frozen=True)
class AffineMotion:
    """``u(X) = translation + gradient @ (X - centre)``, voxels.

    ``zncc`` is the correlation of the reduced volumes under this motion, over the share `overlap`
    of the reference.
    """

    translation: NDArray[np.float64]
    gradient: NDArray[np.float64]
    centre: NDArray[np.float64]
    zncc: float = field(default=np.nan)
    overlap: float = 1.0

    @property
    def merit(self) -> float:
        """ZNCC, lowered where only part of the volumes overlap: a small part matches by chance."""
        return float(self.zncc * np.sqrt(self.overlap))

    def at(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Displacement at ``(N, 3)`` points."""
        return np.asarray(self.translation + (points - self.centre) @ self.gradient.T)


def no_motion(shape: tuple[int, ...]) -> AffineMotion:
    """Return the identity."""
    return AffineMotion(np.zeros(3), np.zeros((3, 3)), (np.array(shape) - 1) / 2)


def reduce_volume(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average blocks of 2 x 2 x 2 voxels (an odd last plane is left out)."""
    z, y, x = (n // 2 * 2 for n in volume.shape)
    v = volume[:z, :y, :x]
    v = v[0::2] + v[1::2]
    v = v[:, 0::2] + v[:, 1::2]
    return np.asarray((v[:, :, 0::2] + v[:, :, 1::2]) * np.float32(0.125))


def pyramid(
    volume: NDArray[np.float32], smallest: int = 16, most: int = 4
) -> list[NDArray[np.float32]]:
    """Reduce a volume by 1, 2, 4, ... while every axis keeps `smallest` voxels."""
    levels = [volume]
    while min(levels[-1].shape) // 2 >= smallest and len(levels) <= most:
        levels.append(reduce_volume(levels[-1]))
    return levels


def _smooth(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(volume, 0.8, mode="nearest"))


def _polynomial(motion: AffineMotion, point: NDArray[Any], half: NDArray[Any]) -> NDArray[Any]:
    out = np.zeros((3, 10))
    out[:, 0] = motion.at(point[None])[0]
    out[:, 1:4] = motion.gradient * half
    return out


def fit_affine(frames: Frames, start: AffineMotion) -> AffineMotion:
    """Refine an affine motion with the whole volume as one window."""
    shape = np.array(frames.reference.shape)
    half = (shape - 1) // 2 - MARGIN
    centre = shape // 2
    guess = _polynomial(start, centre, np.maximum(half, 1))
    found = solve_windows(
        frames,
        centre[None].astype(np.int64),
        guess[None],
        tuple(int(2 * h + 1) for h in half),
        tolerance=0.01,
        max_iterations=40,
        coverage=0.15,
    )
    zncc = found.zncc[0, 0]
    if not np.isfinite(zncc):
        return AffineMotion(start.translation, start.gradient, start.centre, -1.0)
    c = found.motion[0, 0]
    gradient = c[:, 1:4] / np.maximum(half, 1)
    overlap = float(found.coverage[0, 0])
    return AffineMotion(c[:, 0], gradient, centre.astype(float), float(zncc), overlap)


def _finer(motion: AffineMotion) -> AffineMotion:
    """Express a motion in voxels half as large."""
    return AffineMotion(
        2 * motion.translation,
        motion.gradient,
        2 * motion.centre + 0.5,
        motion.zncc,
        motion.overlap,
    )


def _starts(
    reference: NDArray[np.float32], deformed: NDArray[np.float32], turn: NDArray[np.float64]
) -> list[AffineMotion]:
    """Combine one rotation with the most likely shifts."""
    from scipy.ndimage import affine_transform

    centre = (np.array(reference.shape) - 1) / 2
    turned = reference
    if not np.array_equal(turn, np.eye(3)):
        turned = affine_transform(
            reference, turn.T, centre - turn.T @ centre, order=1, mode="nearest"
        )
    shifts = shift_candidates(turned, deformed)
    return [AffineMotion(s, turn - np.eye(3), centre) for s in shifts]


def register(
    reference: NDArray[np.float32],
    deformed: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> AffineMotion:
    """Affine motion of the deformed volume against the reference.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` of one shape, finite.
    mask
        Voxels of the reference that count.

    Returns
    -------
    The motion; its ``zncc`` stays below 0.3 where none was found.
    """
    if mask is not None:
        reference = np.where(mask, reference, np.float32(reference[mask].mean()))
    levels = [
        (_smooth(a), _smooth(b))
        for a, b in zip(pyramid(reference)[1:], pyramid(deformed)[1:], strict=True)
    ]
    if not levels:
        levels = [(_smooth(reference), _smooth(deformed))]
        scale = 0
    else:
        scale = 1
    search = next((k for k, (a, _) in enumerate(levels) if a.size <= 64**3), len(levels) - 1)
    frames = Frames(*levels[search], spline="cubic")
    best = _best(frames, _starts(*levels[search], np.eye(3)))
    if best.zncc < GOOD_ZNCC:
        turns = [rotation(k, a) for k, a in product(range(3), (-12, -8, -4, 4, 8, 12))]
        starts = [s for turn in turns for s in _starts(*levels[search], turn)[:2]]
        best = max(best, _best(frames, starts), key=lambda m: m.merit)
    for level in range(search - 1, -1, -1):
        better = fit_affine(Frames(*levels[level], spline="cubic"), _finer(best))
        best = better if better.zncc > 0.5 * best.zncc else _finer(best)
    return _finer(best) if scale else best


def _best(frames: Frames, starts: list[AffineMotion]) -> AffineMotion:
    fits = []
    for start in starts:
        fits.append(fit_affine(frames, start))
        if fits[-1].zncc > 0.9:
            break
    return max(fits, key=lambda m: m.merit)

"""Strain measures from displacement gradients, and rigid motion and uniform scale taken out.

Gradients are ``(..., 3, 3)``, ``[..., i, j] = du_i / dX_j``, axes z, y, x; strains have no unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Motion:
    """Rigid motion and uniform stretch: ``x = centre + shift + (1 + stretch) R (X - centre)``."""

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    centre: NDArray[np.float64]
    stretch: float

    @property
    def angle_deg(self) -> float:
        """Angle of the rotation, degrees."""
        skew = self.rotation - self.rotation.T
        sine = 0.5 * np.sqrt(skew[0, 1] ** 2 + skew[0, 2] ** 2 + skew[1, 2] ** 2)
        return float(np.degrees(np.arctan2(sine, 0.5 * (np.trace(self.rotation) - 1))))

    def displacement(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Displacement ``(N, 3)`` that this motion gives the points."""
        away = points - self.centre
        return np.asarray(self.shift + (1 + self.stretch) * away @ self.rotation.T - away)


def fit_motion(
    points: NDArray[Any], displacement: NDArray[np.float64], *, scale: bool = True
) -> Motion:
    """Fit a rigid motion, and a uniform stretch unless `scale` is False, to a displacement field.

    Kabsch, Acta Cryst. A32 (1976) 922, and Umeyama, IEEE PAMI 13 (1991) 376. Three passes drop
    points farther than 4 robust standard deviations, so that cracks and wrong nodes do not count.

    Parameters
    ----------
    points, displacement
        ``(N, 3)``, at least three points that are not on a line.
    """
    use = np.isfinite(displacement).all(axis=1)
    if use.sum() < 3:
        raise InputError(f"A rigid motion needs three points, there are {int(use.sum())}")
    for _ in range(3):
        motion = _kabsch(points[use].astype(float), displacement[use], scale)
        distance = np.linalg.norm(displacement - motion.displacement(points), axis=1)
        limit = 4 * 1.4826 * np.median(distance[use])
        keep = np.isfinite(distance) & (distance <= max(limit, 1e-9))
        if keep.sum() < 3:
            break
        use = keep
    return motion


def _kabsch(points: NDArray[np.float64], displacement: NDArray[np.float64], scale: bool) -> Motion:
    centre, shift = points.mean(axis=0), displacement.mean(axis=0)
    before, after = points - centre, points + displacement
    after = after - after.mean(axis=0)
    left, values, right = np.linalg.svd(after.T @ before)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * flip) @ right
    stretch = float((values * flip).sum() / (before**2).sum() - 1) if scale else 0.0
    return Motion(rotation, shift, centre, stretch)

"""Rigid motion and uniform stretch of a field: found, and taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.reading.measures import angle_of, deformation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField


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
        return float(angle_of(self.rotation))

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

    Raises
    ------
    InputError
        If fewer than three points have a displacement.
    """
    use = np.isfinite(displacement).all(axis=1)
    if use.sum() < 3:
        raise InputError(
            f"A rigid motion needs three points, there are {int(use.sum())}",
            "choose a smaller spacing",
        )
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


def without_motion(
    field: DisplacementField,
    *,
    scale: bool = False,
    voxel_size: Sequence[float] = (1.0, 1.0, 1.0),
) -> DisplacementField:
    """Take rigid motion, and on request a uniform stretch, out of a field.

    Material strain stays; a uniform stretch is also what a change of the scanner's voxel size looks
    like. Points, displacements and gradients are turned back: ``F`` becomes ``R^T F / (1 + s)``.

    Parameters
    ----------
    field
        In voxels.
    scale
        Whether a uniform stretch goes too.
    voxel_size
        ``(z, y, x)``, any unit: what is rigid is not rigid in voxels that are no cubes.
    """
    size = np.asarray(voxel_size, float)
    valid = field.valid
    points = field.positions * size
    moved = np.asarray(field.displacement, np.float64) * size
    motion = fit_motion(points[valid], moved[valid], scale=scale)
    back = motion.rotation.T / (1 + motion.stretch)
    left = (points + moved - motion.centre - motion.shift) @ back.T + motion.centre - points
    ratio = size[:, None] / size[None, :]
    gradient = deformation(np.asarray(field.gradient, np.float64) * ratio)
    removed = {
        "removed_shift": tuple(float(v) for v in motion.shift / size),
        "removed_rotation_deg": motion.angle_deg,
        "removed_stretch": motion.stretch,
    }
    return replace(
        field,
        displacement=left / size,
        gradient=(np.matmul(back, gradient) - np.eye(3)) / ratio,
        info=dict(field.info) | removed,
    )

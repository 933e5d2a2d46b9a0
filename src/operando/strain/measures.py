"""Strain measures from displacement gradients, and rigid motion and uniform scale taken out.

Gradients are ``(..., 3, 3)``, ``[..., i, j] = du_i / dX_j``, axes z, y, x; strains have no unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

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


def deformation(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deformation gradient ``F = I + du/dX``."""
    return np.asarray(gradient + np.eye(3))


def infinitesimal(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric part of the gradient: small strains and small rotations only."""
    return np.asarray(0.5 * (gradient + np.swapaxes(gradient, -1, -2)))


def green_lagrange(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(F^T F - I) / 2``; a rotation gives none."""
    f = deformation(gradient)
    return np.asarray(0.5 * (np.swapaxes(f, -1, -2) @ f - np.eye(3)))


def hencky(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the right stretch; NaN where the gradient is not finite."""
    values, vectors = _stretches(gradient)
    return np.asarray((vectors * np.log(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def right_stretch(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """``U`` of the polar decomposition ``F = R U``."""
    values, vectors = _stretches(gradient)
    return np.asarray((vectors * values[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def rotation(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """``R`` of the polar decomposition ``F = R U``."""
    return np.asarray(deformation(gradient) @ np.linalg.inv(right_stretch(gradient)))


def rotation_angle(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle of the local rotation, degrees."""
    r = rotation(gradient)
    skew = r - np.swapaxes(r, -1, -2)
    sine = 0.5 * np.sqrt(skew[..., 0, 1] ** 2 + skew[..., 0, 2] ** 2 + skew[..., 1, 2] ** 2)
    return np.asarray(np.degrees(np.arctan2(sine, 0.5 * (np.trace(r, axis1=-2, axis2=-1) - 1))))


def volumetric(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change of volume over volume, ``det F - 1``."""
    return np.asarray(np.linalg.det(deformation(gradient)) - 1)


def deviatoric(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strain less a third of its trace."""
    third = np.trace(strain, axis1=-2, axis2=-1)[..., None, None] / 3
    return np.asarray(strain - third * np.eye(3))


def von_mises(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equivalent strain ``sqrt(2/3 e:e)`` of the deviatoric part e."""
    return np.asarray(np.sqrt(2 / 3 * (deviatoric(strain) ** 2).sum(axis=(-2, -1))))


def principal(strain: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal strains, largest first, and their directions.

    Returns
    -------
    values
        ``(..., 3)``; NaN where the strain is not finite.
    directions
        ``(..., 3, 3)``; ``[..., k, :]`` is the unit vector (z, y, x) of value k.
    """
    values, vectors = _eigh(strain)
    return values[..., ::-1], np.swapaxes(vectors, -1, -2)[..., ::-1, :]


def in_frame(tensor: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Components in another frame, such as that of an electrode layer.

    Parameters
    ----------
    tensor
        ``(..., 3, 3)`` strain or gradient.
    axes
        ``(..., 3, 3)``, rows are the new axes (z, y, x), orthogonal, any length.
    """
    unit = np.asarray(axes, float)
    unit = unit / np.linalg.norm(unit, axis=-1, keepdims=True)
    square = unit @ np.swapaxes(unit, -1, -2)
    if not np.allclose(square, np.eye(3), atol=1e-6):
        raise InputError("The axes of the frame are not orthogonal", "give three orthogonal rows")
    return np.asarray(unit @ tensor @ np.swapaxes(unit, -1, -2))


def cylinder_axes(
    points: NDArray[np.float64], origin: NDArray[np.float64], axis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Frames of a jelly roll: rows axial, tangential, radial at every point, for `in_frame`.

    Parameters
    ----------
    points
        ``(N, 3)``.
    origin, axis
        A point on the cylinder's axis and its direction, ``(3,)``.
    """
    along = np.asarray(axis, float) / np.linalg.norm(axis)
    away = points - origin
    radial = away - (away @ along)[:, None] * along
    length = np.linalg.norm(radial, axis=1, keepdims=True)
    if (length < 1e-9).any():
        raise InputError("A point lies on the axis of the cylinder", "leave it out")
    radial = radial / length
    axial = np.broadcast_to(along, radial.shape)
    return np.stack([axial, np.cross(radial, axial), radial], axis=1)


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


def _eigh(tensor: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    finite = np.asarray(np.isfinite(tensor).all(axis=(-2, -1)))
    values, vectors = np.linalg.eigh(np.where(finite[..., None, None], tensor, np.eye(3)))
    values[~finite] = np.nan
    vectors[~finite] = np.nan
    return values, vectors


def _stretches(gradient: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    f = deformation(gradient)
    values, vectors = _eigh(np.swapaxes(f, -1, -2) @ f)
    return np.sqrt(np.maximum(values, np.finfo(float).tiny)), vectors

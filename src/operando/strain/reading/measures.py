"""What a gradient or a strain tensor says besides its components.

Gradients ``(..., 3, 3)`` are ``[..., i, j] = du_i / dX_j`` in lengths per length, axes z, y, x, see
`DisplacementField.physical`; strains, see `DisplacementField.strain`, have no unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def deformation(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deformation gradient ``F = I + du/dX``."""
    return np.asarray(gradient + np.eye(3))


def right_stretch(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """``U`` of the polar decomposition ``F = R U``."""
    f = deformation(gradient)
    values, vectors = _eigh(np.swapaxes(f, -1, -2) @ f)
    stretches = np.sqrt(np.maximum(values, np.finfo(float).tiny))
    return np.asarray((vectors * stretches[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def rotation(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """``R`` of the polar decomposition ``F = R U``."""
    return np.asarray(deformation(gradient) @ np.linalg.inv(right_stretch(gradient)))


def rotation_angle(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle of the local rotation ``(...)``, degrees; NaN where the gradient is not finite."""
    return angle_of(rotation(gradient))


def angle_of(turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle ``(...)`` of rotation matrices ``(..., 3, 3)``, degrees, 0 to 180."""
    skew = turn - np.swapaxes(turn, -1, -2)
    sine = 0.5 * np.sqrt(skew[..., 0, 1] ** 2 + skew[..., 0, 2] ** 2 + skew[..., 1, 2] ** 2)
    cosine = 0.5 * (np.trace(turn, axis1=-2, axis2=-1) - 1)
    return np.asarray(np.degrees(np.arctan2(sine, cosine)))


def deviatoric(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strain less a third of its trace."""
    third = np.trace(strain, axis1=-2, axis2=-1)[..., None, None] / 3
    return np.asarray(strain - third * np.eye(3))


def von_mises(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equivalent strain ``sqrt(2/3 e:e)`` of the deviatoric part e, ``(...)``, no unit."""
    return np.asarray(np.sqrt(2 / 3 * (deviatoric(strain) ** 2).sum(axis=(-2, -1))))


def principal(strain: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal strains, largest first, and their directions.

    Parameters
    ----------
    strain
        ``(..., 3, 3)``, symmetric.

    Returns
    -------
    values
        ``(..., 3)``; NaN where the strain is not finite.
    directions
        ``(..., 3, 3)``; ``[..., k, :]`` is the unit vector (z, y, x) of value k.
    """
    values, vectors = _eigh(strain)
    return values[..., ::-1], np.swapaxes(vectors, -1, -2)[..., ::-1, :]


def in_frame(tensor: NDArray[np.float64], axes: ArrayLike) -> NDArray[np.float64]:
    """Components in another frame, such as that of an electrode layer.

    Parameters
    ----------
    tensor
        ``(..., 3, 3)`` strain or gradient.
    axes
        ``(..., 3, 3)``, rows are the new axes (z, y, x), orthogonal, any length.

    Returns
    -------
    ``(..., 3, 3)``; row and column k belong to the k-th axis.

    Raises
    ------
    InputError
        If the axes are not orthogonal.
    """
    unit = np.asarray(axes, float)
    unit = unit / np.linalg.norm(unit, axis=-1, keepdims=True)
    square = unit @ np.swapaxes(unit, -1, -2)
    if not np.allclose(square, np.eye(3), atol=1e-6):
        raise InputError("The axes of the frame are not orthogonal", "give three orthogonal rows")
    return np.asarray(unit @ tensor @ np.swapaxes(unit, -1, -2))


def cylinder_axes(
    points: NDArray[np.float64], origin: ArrayLike, axis: ArrayLike
) -> NDArray[np.float64]:
    """Frames of a jelly roll: rows axial, tangential, radial at every point, for `in_frame`.

    Parameters
    ----------
    points
        ``(N, 3)`` (z, y, x), lengths.
    origin, axis
        A point on the cylinder's axis and its direction, ``(3,)``, in the same lengths.

    Returns
    -------
    ``(N, 3, 3)`` unit vectors.

    Raises
    ------
    InputError
        If a point lies on the axis.
    """
    along = np.asarray(axis, float) / np.linalg.norm(np.asarray(axis, float))
    away = points - np.asarray(origin, float)
    radial = away - (away @ along)[:, None] * along
    length = np.linalg.norm(radial, axis=1, keepdims=True)
    if (length < 1e-9).any():
        raise InputError("A point lies on the axis of the cylinder", "leave it out")
    radial = radial / length
    axial = np.broadcast_to(along, radial.shape)
    return np.stack([axial, np.cross(radial, axial), radial], axis=1)


def _eigh(tensor: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    finite = np.asarray(np.isfinite(tensor).all(axis=(-2, -1)))
    values, vectors = np.linalg.eigh(np.where(finite[..., None, None], tensor, np.eye(3)))
    values[~finite] = np.nan
    vectors[~finite] = np.nan
    return values, vectors

"""How freely a particle may move, and which freedom its voxels call for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODELS = ("translation", "rigid", "swelling", "affine")
_FREEDOM = (3, 6, 7, 12)


class MotionErrors(NamedTuple):
    """Standard deviations of a motion, and what a change of brightness does to its swelling.

    ``sigma (5,)`` are those of the shift of the centroid (z, y, x; voxels), the rotation (radians)
    and the relative volume; ``white (5,)`` what they would be if all that is left unexplained
    were white noise. ``brightened`` is the relative change of volume that the particle only seems
    to have because it became brighter or darker against its surroundings.
    """

    sigma: NDArray[np.float64]
    white: NDArray[np.float64]
    brightened: float


UNKNOWN = MotionErrors(np.full(5, np.nan), np.full(5, np.nan), np.nan)


@dataclass(frozen=True)
class BodyMotion:
    """What the solver found for one particle, one entry per model, and the model to believe."""

    motion: NDArray[np.float64]
    numbers: NDArray[np.float64]
    model: int
    errors: MotionErrors = UNKNOWN

    @property
    def zncc(self) -> float:
        """Of the model to believe; -1 where nothing was found."""
        value = self.numbers[self.model, 1]
        return float(value) if np.isfinite(value) else -1.0


def best_model(numbers: NDArray[np.float64], noise_volume: float) -> int:
    """Simplest model that a freer one does not beat in an F-test at 0.1 %.

    Residuals that share noise over a volume of voxels count as that many fewer.

    Parameters
    ----------
    numbers
        ``(4, 5)`` as in `BodyMotion`.
    noise_volume
        Voxels over which neighbours share their noise.
    """
    from scipy.stats import f as fisher

    best = 0
    for model in range(1, 4):
        if numbers[model, 0] != 0:
            break
        more = _FREEDOM[model] - _FREEDOM[best]
        left = max(numbers[model, 3] / noise_volume - _FREEDOM[model], 1.0)
        ratio = (numbers[best, 2] - numbers[model, 2]) / more / (numbers[model, 2] / left)
        if ratio > fisher.isf(1e-3, more, left):
            best = model
    return best


def rotation_vector(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vector (z, y, x; radians) of the rotation in a displacement gradient."""
    left, _, right = np.linalg.svd(np.eye(3) + gradient)
    r = left @ right
    axis = 0.5 * np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, 0.5 * (np.trace(r) - 1))
    return np.asarray(axis * (angle / sine if sine > 1e-12 else 1.0))


def rotation_matrix(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix of a rotation vector (z, y, x; radians), Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    k = vector / angle
    skew = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)

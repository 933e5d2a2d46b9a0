"""Affine transforms of physical space, as matrices that can be chained and stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Transform:
    """Where a point of the reference lies in another frame: ``x_frame = matrix @ (x, 1)``.

    Parameters
    ----------
    matrix
        ``(4, 4)`` acting on ``(z, y, x, 1)`` in µm; the origin is the centre of the first voxel.
    """

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        good = self.matrix.shape == (4, 4) and np.isfinite(self.matrix).all()
        if not good or abs(np.linalg.det(self.matrix[:3, :3])) < 1e-9:
            raise InputError(
                f"{self.matrix.tolist()} is no transform", "give a 4 x 4 matrix that has an inverse"
            )

    @classmethod
    def identity(cls) -> Transform:
        """Nothing moves."""
        return cls(np.eye(4))

    @classmethod
    def from_list(cls, rows: Sequence[Sequence[float]]) -> Transform:
        """Make one of nested lists, as `as_list` gives them."""
        return cls(np.array(rows, float))

    @classmethod
    def from_linear(cls, linear: ArrayLike, shift: ArrayLike, centre: ArrayLike) -> Transform:
        """``x + shift + (linear - 1) (x - centre)``: turn about a centre, then shift (µm)."""
        matrix = np.eye(4)
        matrix[:3, :3] = linear
        about = np.asarray(centre, float)
        matrix[:3, 3] = np.asarray(shift, float) + about - matrix[:3, :3] @ about
        return cls(matrix)

    def as_list(self) -> list[list[float]]:
        """Nested lists that JSON can hold."""
        return [[float(v) for v in row] for row in self.matrix]

    def after(self, first: Transform) -> Transform:
        """Transform that does `first`, then this one."""
        return Transform(self.matrix @ first.matrix)

    def inverse(self) -> Transform:
        """Transform back."""
        return Transform(np.asarray(np.linalg.inv(self.matrix), np.float64))

    def at(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Where points ``(N, 3)`` (µm) come to lie."""
        return np.asarray(points @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def in_voxels(self, spacing: Sequence[float]) -> NDArray[np.float64]:
        """Return the matrix that acts on voxel numbers of a grid of this spacing."""
        scale = np.diag([*(float(s) for s in spacing), 1.0])
        return np.asarray(np.linalg.inv(scale) @ self.matrix @ scale)

    def shift_at(self, point: ArrayLike) -> NDArray[np.float64]:
        """Displacement ``(z, y, x)`` of one point, µm."""
        place = np.asarray(point, float)
        return np.asarray(self.at(place[None])[0] - place)

    @property
    def linear_scale(self) -> float:
        """Mean factor by which lengths grow: 1.003 where voxels of the frame are 0.3 % smaller."""
        return float(np.cbrt(abs(np.linalg.det(self.matrix[:3, :3]))))

    @property
    def rotation_deg(self) -> float:
        """Angle of the rotation, degrees."""
        left, _, right = np.linalg.svd(self.matrix[:3, :3])
        turn = left @ right
        skew = turn - turn.T
        sine = 0.5 * np.linalg.norm([skew[2, 1], skew[0, 2], skew[1, 0]])
        return float(np.degrees(np.arctan2(sine, 0.5 * (np.trace(turn) - 1))))

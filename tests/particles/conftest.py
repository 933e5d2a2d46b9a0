"""Analytic bodies to test with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Point = tuple[float, float, float]


def ellipsoid(
    shape: tuple[int, int, int],
    centre: Point,
    half_axes: Point,
    spacing: Point = (1, 1, 1),
    turn: NDArray[Any] | None = None,
) -> NDArray[np.bool_]:
    """Mask of an ellipsoid; centre and half axes in physical units, voxel (0, 0, 0) at 0."""
    grid = [np.arange(n) * s - c for n, s, c in zip(shape, spacing, centre, strict=True)]
    points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)
    if turn is not None:
        points = points @ turn
    return np.asarray(((points / half_axes) ** 2).sum(-1) < 1)


def slab(shape: tuple[int, int, int], normal: Point, point: Point, width: float) -> NDArray[Any]:
    """Mask of the voxels within half a width of a plane."""
    n = np.asarray(normal) / np.linalg.norm(normal)
    grid = np.indices(shape).reshape(3, -1).T - point
    return np.asarray((np.abs(grid @ n) < width / 2).reshape(shape))


@pytest.fixture
def make_ellipsoid() -> Callable[..., NDArray[np.bool_]]:
    return ellipsoid


@pytest.fixture
def make_slab() -> Callable[..., NDArray[np.bool_]]:
    return slab

"""The node grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 3
"""Voxels that the derivative of the reference needs around a window."""


def node_axes(
    shape: tuple[int, ...], spacing: tuple[int, ...], window: tuple[int, ...]
) -> list[NDArray[np.int64]]:
    """Node coordinates along each axis: windows lie inside, the grid is centred in the volume."""
    axes = []
    for n, s, w in zip(shape, spacing, window, strict=True):
        room = n - w - 2 * MARGIN
        if room < 0:
            raise InputError(
                f"A window of {window} voxels does not fit into a volume of {shape}",
                f"every axis needs {2 * MARGIN} voxels more: use a smaller window or more slices",
            )
        count = room // s + 1
        first = MARGIN + w // 2 + (room - (count - 1) * s) // 2
        axes.append(first + s * np.arange(count, dtype=np.int64))
    return axes


def grid_points(axes: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """All nodes of a grid, ``(N, 3)``, C order."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)

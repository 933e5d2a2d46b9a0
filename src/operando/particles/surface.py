"""Area of the surface of a digital body, from the level set of a smoothed mask.

Counting voxel faces overestimates a smooth surface by half. Here the mask is smoothed with a
Gaussian of 1.2 voxels, the level is chosen that holds as many voxels as the body (so that small
bodies do not shrink), and the area of that level set is summed over the tetrahedra of the voxel
grid [1]_. Spheres and ellipsoids from 16 voxels across come out within 2 %.

.. [1] A. Doi, A. Koide, "An efficient method of triangulating equi-valued surfaces by using
   tetrahedral cells", IEICE Trans. E74 (1991) 214-224
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGMA = 1.2
MARGIN = 4

# The six tetrahedra around the long diagonal of a cell, as corners 4 z + 2 y + x.
TETRAHEDRA = np.array(
    [[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]]
)
CORNERS = np.array(list(np.ndindex(2, 2, 2)))


def surface_area(
    mask: NDArray[np.bool_],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    open_sides: tuple[tuple[bool, bool], ...] = ((False, False),) * 3,
) -> float:
    """Area of the smooth surface of a body.

    Parameters
    ----------
    mask
        ``(Z, Y, X)`` the body, which may fill the volume to its sides.
    spacing
        Voxel size ``(z, y, x)``; the area has its unit squared.
    open_sides
        For each axis, whether the body is cut by the image border at its first and last side.
        A cut is no surface and adds no area. At the other sides the body ends.
    """
    from scipy.ndimage import gaussian_filter

    count = int(np.count_nonzero(mask))
    if count == 0:
        return 0.0
    field = mask.astype(np.float32)
    for axis, (first, last) in enumerate(open_sides):
        for at_end, is_open in ((0, first), (1, last)):
            width = [(0, 0)] * 3
            width[axis] = (0, MARGIN) if at_end else (MARGIN, 0)
            field = np.pad(field, width, mode="edge" if is_open else "constant")
    field = gaussian_filter(field, SIGMA, mode="nearest")
    inner = tuple(
        slice(MARGIN if first else 0, -MARGIN if last else None) for first, last in open_sides
    )
    level = _level_holding(field[inner], count)
    # The border lies half a voxel beyond the last centres: of the cells there, half counts.
    rim = tuple(
        slice(MARGIN - 1 if first else 0, 1 - MARGIN if last else None)
        for first, last in open_sides
    )
    field = np.ascontiguousarray(field[rim])
    return float(_level_area(field, level, np.asarray(spacing, float), np.array(open_sides)))


def _level_holding(field: NDArray[np.float32], count: int) -> float:
    """Level above which there are `count` voxels."""
    values = field.ravel()
    if count >= values.size:
        return 0.5
    split = np.partition(values, values.size - count)
    above = float(split[values.size - count])
    below = float(split[: values.size - count].max())
    return (above + below) / 2


@njit(cache=True)  # type: ignore[untyped-decorator]
def _level_area(field: Any, level: float, spacing: Any, halved: Any) -> float:
    nz, ny, nx = field.shape
    value = np.empty(8)
    place = np.empty((8, 3))
    points = np.empty((4, 3))
    total = 0.0
    for z in range(nz - 1):
        for y in range(ny - 1):
            for x in range(nx - 1):
                above = 0
                for k in range(8):
                    a, b, c = CORNERS[k]
                    value[k] = field[z + a, y + b, x + c]
                    above += value[k] > level
                if above in (0, 8):
                    continue
                for k in range(8):
                    for axis in range(3):
                        place[k, axis] = CORNERS[k, axis] * spacing[axis]
                area = 0.0
                for t in range(6):
                    area += _tetrahedron_area(TETRAHEDRA[t], value, place, level, points)
                for axis, at, last in ((0, z, nz - 2), (1, y, ny - 2), (2, x, nx - 2)):
                    if (halved[axis, 0] and at == 0) or (halved[axis, 1] and at == last):
                        area /= 2
                total += area
    return total


@njit(cache=True)  # type: ignore[untyped-decorator]
def _tetrahedron_area(corners: Any, value: Any, place: Any, level: float, points: Any) -> Any:
    """Area of the level set in one tetrahedron: a triangle, or a quadrilateral of two."""
    inside = np.empty(4, np.int64)
    outside = np.empty(4, np.int64)
    n_in = n_out = 0
    for i in range(4):
        if value[corners[i]] > level:
            inside[n_in] = corners[i]
            n_in += 1
        else:
            outside[n_out] = corners[i]
            n_out += 1
    if n_in == 0 or n_out == 0:
        return 0.0
    n = 0
    for i in range(n_in):
        for j in range(n_out):
            # Turning back on the second row keeps the corners of a quadrilateral in order.
            p, q = inside[i], outside[j if i % 2 == 0 else n_out - 1 - j]
            share = (level - value[p]) / (value[q] - value[p])
            for axis in range(3):
                points[n, axis] = place[p, axis] + share * (place[q, axis] - place[p, axis])
            n += 1
    area = _triangle_area(points[0], points[1], points[2])
    return area + _triangle_area(points[0], points[2], points[3]) if n == 4 else area


@njit(cache=True)  # type: ignore[untyped-decorator]
def _triangle_area(p: Any, q: Any, r: Any) -> Any:
    a0, a1, a2 = q[0] - p[0], q[1] - p[1], q[2] - p[2]
    b0, b1, b2 = r[0] - p[0], r[1] - p[1], r[2] - p[2]
    c0, c1, c2 = a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0
    return 0.5 * np.sqrt(c0 * c0 + c1 * c1 + c2 * c2)

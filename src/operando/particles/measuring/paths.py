"""How far electrons travel inside a particle: the eikonal equation, cracks as walls.

The particle is taken for a solid that conducts alike everywhere. From where it touches what brings
electrons, fronts spread with unit speed; the arrival time is the length of the shortest path
inside the solid [1]_. Upwind differences are of second order where two voxels lie behind a voxel,
otherwise of first.

.. [1] J. A. Sethian, "A fast marching level set method for monotonically advancing fronts", PNAS 93
   (1996) 1591-1595; here with a list of active voxels in bands of rising length instead of a heap
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.surface import Faces

    Spacing = tuple[float, float, float]

REACH = 2
"""Voxels beside a voxel that upwind differences look at."""


def behind(faces: Faces, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Distance ``(Z, Y, X)`` of voxels behind faces from the surface; infinite elsewhere."""
    depth = np.full(shape, np.inf, np.float32)
    np.minimum.at(depth, tuple(faces.inside.T), faces.depth)
    return depth


def path_lengths(
    solid: NDArray[np.bool_],
    contacts: NDArray[np.bool_],
    spacing: Spacing = (1.0, 1.0, 1.0),
    start: float | NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Length of the shortest path inside a solid from every voxel to a contact.

    Parameters
    ----------
    solid
        ``(Z, Y, X)`` where electrons can go.
    contacts
        ``(Z, Y, X)`` voxels of the solid that touch what brings electrons.
    spacing
        Voxel size ``(z, y, x)``.
    start
        Length at the contacts, one number or ``(Z, Y, X)``; by default half the mean edge of a
        voxel, because contact voxels touch with a face.

    Returns
    -------
    ``(Z, Y, X)`` in the unit of the spacing; infinite where no path leads, NaN outside the solid.
    """
    edges = np.asarray(spacing, float)
    first = float(edges.mean()) / 2 if start is None else start
    lengths = np.where(solid & contacts, first, np.inf).astype(np.float32)
    padded = np.pad(lengths, REACH, constant_values=np.inf)
    _march(np.pad(solid, REACH), padded, edges)
    return np.where(solid, padded[(slice(REACH, -REACH),) * 3], np.float32(np.nan))


def path_line(
    lengths: NDArray[np.float32], start: tuple[int, int, int], spacing: Spacing = (1.0, 1.0, 1.0)
) -> NDArray[np.float64]:
    """Follow the shortest path from a voxel down to a contact, from voxel to voxel.

    Parameters
    ----------
    lengths
        From `path_lengths`.
    start
        Voxel ``(z, y, x)``.
    spacing
        As for `path_lengths`.

    Returns
    -------
    ``(N, 3)`` voxels from the start to the contact; only the start where no path leads.
    """
    here = np.asarray(start, int)
    line = [here]
    moves = np.array([m for m in np.ndindex(3, 3, 3) if m != (1, 1, 1)]) - 1
    reach = np.linalg.norm(moves * spacing, axis=1)
    upper = np.asarray(lengths.shape)
    while np.isfinite(lengths[tuple(here)]):
        near = here + moves
        inside = np.all((near >= 0) & (near < upper), axis=1)
        drop = np.full(len(moves), -np.inf)
        drop[inside] = lengths[tuple(here)] - lengths[tuple(near[inside].T)]
        slope = np.nan_to_num(drop / reach, nan=-np.inf)
        if slope.max() <= 0:
            break
        here = near[slope.argmax()]
        line.append(here)
    return np.asarray(line, float)


def streamlines(
    lengths: NDArray[np.float32], spacing: Spacing = (1.0, 1.0, 1.0), count: int = 60
) -> list[NDArray[np.float64]]:
    """Follow the paths from voxels spread over a particle.

    Parameters
    ----------
    lengths
        From `path_lengths`.
    spacing
        As for `path_lengths`.
    count
        As many lines, if so many voxels are reached.

    Returns
    -------
    Lines as from `path_line`.
    """
    reached = np.argwhere(np.isfinite(lengths))
    if not len(reached):
        return []
    # Shuffled, because every n-th voxel in C order can lie in one plane.
    starts = np.random.default_rng(0).permutation(reached)[:count]
    return [path_line(lengths, (int(z), int(y), int(x)), spacing) for z, y, x in starts]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _march(solid: Any, lengths: Any, edges: Any) -> None:
    """Lower `lengths` until no front moves; what is nearest moves first.

    Both have `REACH` voxels around them, not solid and infinite.
    """
    flat_solid, flat = solid.ravel(), lengths.ravel()
    strides = np.array([solid.shape[1] * solid.shape[2], solid.shape[2], 1])
    weights = 1 / edges**2
    band = edges.min()
    least_drop = 1e-4 * band
    queued = np.zeros(flat.size, np.bool_)
    active = np.empty(flat.size, np.int64)
    n = 0
    for v in range(flat.size):
        if flat[v] < np.inf:
            active[n] = v
            n += 1
            queued[v] = True
    waiting = np.empty(flat.size, np.int64)
    limit = 0.0
    while n > 0:
        moved = False
        m = 0
        for i in range(n):
            v = active[i]
            if flat[v] > limit:
                waiting[m] = v
                m += 1
                continue
            moved = True
            queued[v] = False
            for axis in range(3):
                for side in (-1, 1):
                    w = v + side * strides[axis]
                    if not flat_solid[w] or flat[w] <= flat[v]:
                        continue
                    value = _upwind(flat, w, strides, weights)
                    if value < flat[w] - least_drop:
                        flat[w] = value
                        if not queued[w]:
                            queued[w] = True
                            waiting[m] = w
                            m += 1
        active, waiting = waiting, active
        n = m
        if not moved:
            limit += band


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _upwind(flat: Any, v: int, strides: Any, weights: Any) -> float:
    """Arrival at a voxel from the least neighbours on each axis (Godunov), of second order."""
    first = _least_neighbour(flat, v, strides[0], weights[0])
    second = _least_neighbour(flat, v, strides[1], weights[1])
    third = _least_neighbour(flat, v, strides[2], weights[2])
    if second[0] < first[0]:
        first, second = second, first
    if third[0] < first[0]:
        first, third = third, first
    if third[0] < second[0]:
        second, third = third, second
    best = np.inf
    a = b = c = 0.0
    for value, front, weight in (first, second, third):
        if value >= best:
            break
        a += weight
        b += weight * front
        c += weight * front**2
        inner = b * b - a * (c - 1)
        if inner < 0:
            break
        best = (b + np.sqrt(inner)) / a
    return best


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _least_neighbour(flat: Any, v: int, stride: int, weight: float) -> tuple[float, float, float]:
    """Value of the lesser neighbour on an axis, where its front starts, and the front's weight."""
    before, after = flat[v - stride], flat[v + stride]
    if before <= after:
        value, behind = float(before), flat[v - 2 * stride]
    else:
        value, behind = float(after), flat[v + 2 * stride]
    if behind <= value < np.inf:
        return value, (4 * value - behind) / 3, 2.25 * weight
    return value, value, weight

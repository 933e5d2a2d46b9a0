"""Basins of attraction of a height map: the parts that a watershed would give, in one pass.

Every voxel points to its steepest higher neighbour; following the pointers leads to one summit
per basin [1]_. Which basins belong together is decided afterwards on the graph of basins
(`operando.particles.cutting.basin_graph`), so that the volume is only walked over once.

.. [1] J. Roerdink, A. Meijster, "The watershed transform", Fundam. Inform. 41 (2000) 187-228
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from numpy.typing import NDArray


def climb(
    height: NDArray[np.float32], floor: float, spacing: tuple[float, float, float]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Label every voxel above `floor` by the summit that steepest ascent leads to.

    Plateaus are climbed towards their last voxel in C order, so that the labels are the same on
    every run; a plateau can hold several summits, joined by passes as high as they are.

    Parameters
    ----------
    height
        ``(Z, Y, X)``.
    floor
        Voxels at or below it get the label 0.
    spacing
        Edges of a voxel ``(z, y, x)``.

    Returns
    -------
    labels
        ``(Z, Y, X)``, 1 to N in C order of the summits.
    peaks
        ``(N + 1,)`` height of the summits; entry 0 is `floor`.
    """
    labels, summits = climb_to(height, floor, spacing)
    peaks = np.concatenate([[floor], height.reshape(-1)[summits]]).astype(np.float32)
    return labels, peaks


def climb_to(
    height: NDArray[np.float32], floor: float, spacing: tuple[float, float, float]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """As `climb`; gives the places ``(N,)`` of the summits in the flat volume."""
    steps, lengths = _neighbours(spacing)
    target = np.empty(height.shape, np.int64 if height.size > 2**31 - 1 else np.int32)
    _steepest(height, floor, steps, lengths, target)
    flat = target.reshape(-1)
    while _halve(flat):
        pass
    summits = _summits(flat)
    _name(flat, summits)
    return target.astype(np.int32, copy=False), summits


def _neighbours(
    spacing: tuple[float, float, float],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    steps = np.array([s for s in np.ndindex(3, 3, 3) if s != (1, 1, 1)]) - 1
    lengths = np.linalg.norm(steps * np.asarray(spacing), axis=1)
    return steps, lengths.astype(np.float32)


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _steepest(height: Any, floor: Any, steps: Any, lengths: Any, target: Any) -> None:
    nz, ny, nx = height.shape
    flat = height.reshape(-1)
    offsets = steps[:, 0] * ny * nx + steps[:, 1] * nx + steps[:, 2]
    inverse = 1 / lengths
    for z in prange(nz):
        for y in range(ny):
            row = (z * ny + y) * nx
            rim = z == 0 or y == 0 or z == nz - 1 or y == ny - 1
            for x in range(nx):
                own = row + x
                here = flat[own]
                if here <= floor:
                    target[z, y, x] = -1
                    continue
                best = own
                steepest = np.float32(0)
                at_rim = rim or x == 0 or x == nx - 1
                for k in range(offsets.size):
                    if at_rim:
                        a, b, c = z + steps[k, 0], y + steps[k, 1], x + steps[k, 2]
                        if a < 0 or b < 0 or c < 0 or a >= nz or b >= ny or c >= nx:
                            continue
                    there = own + offsets[k]
                    slope = (flat[there] - here) * inverse[k]
                    if slope > steepest or (slope == steepest == 0 and there > best):
                        steepest = slope
                        best = there
                target[z, y, x] = best


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _halve(target: Any) -> Any:
    """Let every voxel point to where its target points; whether anything changed."""
    changed = 0
    for i in prange(target.size):
        here = target[i]
        if here >= 0:
            there = target[here]
            if there != here:
                target[i] = there
                changed += 1
    return changed > 0


@njit(cache=True)  # type: ignore[untyped-decorator]
def _summits(target: Any) -> Any:
    """Voxels that point to themselves."""
    count = 0
    for i in range(target.size):
        count += target[i] == i
    out = np.empty(count, np.int64)
    n = 0
    for i in range(target.size):
        if target[i] == i:
            out[n] = i
            n += 1
    return out


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _name(target: Any, summits: Any) -> None:
    """Write the number of the summit where its place was, 0 where the way leads nowhere."""
    # Below 0, names are told from the places that other voxels still point to.
    for k in prange(summits.size):
        target[summits[k]] = -2 - k
    for i in prange(target.size):
        if target[i] >= 0:
            target[i] = target[target[i]]
    for i in prange(target.size):
        target[i] = -1 - target[i]

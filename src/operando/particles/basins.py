"""Basins of attraction of a height map: the parts that a watershed would give, in one pass.

Every voxel points to its steepest higher neighbour; following the pointers leads to one summit
per basin [1]_. Which basins belong together is decided afterwards on the graph of basins, so
that the volume is only walked over once.

.. [1] J. Roerdink, A. Meijster, "The watershed transform", Fundam. Inform. 41 (2000) 187-228
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class BasinGraph:
    """Basins that touch.

    Parameters
    ----------
    pairs
        ``(E, 2)`` labels of touching basins, the smaller first, sorted.
    saddle
        ``(E,)`` height of the highest pass between the two.
    contact
        ``(E,)`` area of their interface where it lies above 0, that is in the solid.
    gap
        ``(E,)`` area of their interface where it lies at or below 0, that is in a gap.
    gap_volume
        ``(E,)`` volume of that gap: its area times its width.
    """

    pairs: NDArray[np.int64]
    saddle: NDArray[np.float32]
    contact: NDArray[np.float64]
    gap: NDArray[np.float64]
    gap_volume: NDArray[np.float64]

    @classmethod
    def joined(cls, graphs: Sequence[BasinGraph], offsets: Sequence[int]) -> BasinGraph:
        """Put graphs of different basins side by side, their labels raised by the offsets."""
        pairs = [graph.pairs + by for graph, by in zip(graphs, offsets, strict=False)]
        names = ("saddle", "contact", "gap", "gap_volume")
        values = (np.concatenate([getattr(graph, name) for graph in graphs]) for name in names)
        return cls(np.concatenate(pairs), *values)


def contract(graph: BasinGraph, names: NDArray[np.int32]) -> BasinGraph:
    """Graph of what the basins become when they get new names, 0 for none.

    Parameters
    ----------
    graph
        Of the basins.
    names
        ``(N + 1,)`` new name of every label.
    """
    pairs = np.sort(names[graph.pairs].astype(np.int64), axis=1)
    kept = (pairs[:, 0] != pairs[:, 1]) & (pairs[:, 0] > 0)
    n = int(names.max(initial=0)) + 1
    keys = pairs[kept, 0] * n + pairs[kept, 1]
    unique, inverse = np.unique(keys, return_inverse=True)
    saddle = np.full(unique.size, -np.inf, np.float32)
    np.maximum.at(saddle, inverse, graph.saddle[kept])
    sums = (
        np.bincount(inverse, values[kept], unique.size).astype(np.float64)
        for values in (graph.contact, graph.gap, graph.gap_volume)
    )
    return BasinGraph(np.stack([unique // n, unique % n], axis=1), saddle, *sums)


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
    labels = np.zeros(height.shape, np.int32)
    _name(flat, summits, labels.reshape(-1))
    return labels, summits


def touching(
    labels: NDArray[np.int32],
    height: NDArray[np.float32],
    spacing: tuple[float, float, float],
    within: tuple[int, ...] | None = None,
) -> BasinGraph:
    """Graph of the labels that share a voxel face.

    Parameters
    ----------
    labels, height
        ``(Z, Y, X)``, see `climb`.
    spacing
        Edges of a voxel ``(z, y, x)``.
    within
        Faces count whose first voxel lies in so many ``(z, y, x)`` from the start; default all.
    """
    within = tuple(within or labels.shape)
    counts = _count_faces(labels, within)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    total = int(offsets[-1])
    keys = np.empty(total, np.int64)
    heights = np.empty(total, np.float32)
    areas = np.empty(total, np.float32)
    z, y, x = spacing
    face_area = np.array([y * x, z * x, z * y], np.float32)
    n = int(labels.max(initial=0)) + 1
    _list_faces(labels, height, within, face_area, n, offsets, keys, heights, areas)
    unique, inverse = np.unique(keys, return_inverse=True)
    saddle = np.full(unique.size, -np.inf, np.float32)
    np.maximum.at(saddle, inverse, heights)
    in_gap = heights <= 0

    def sum_up(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.bincount(inverse, values, unique.size).astype(np.float64)

    contact = sum_up(np.where(in_gap, 0, areas))
    gap = sum_up(np.where(in_gap, areas, 0))
    volume = sum_up(np.where(in_gap, -2 * areas * heights, 0))
    pairs = np.stack([unique // n, unique % n], axis=1)
    return BasinGraph(pairs, saddle, contact, gap, volume)


def rename(labels: NDArray[Any], names: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return ``names[labels]`` for a volume, on all cores."""
    out = np.empty(labels.shape, np.int32)
    _rename(labels, names, out)
    return out


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _rename(labels: Any, names: Any, out: Any) -> None:
    for z in prange(labels.shape[0]):
        for y in range(labels.shape[1]):
            for x in range(labels.shape[2]):
                out[z, y, x] = names[labels[z, y, x]]


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
def _name(target: Any, summits: Any, labels: Any) -> None:
    for k in prange(summits.size):
        labels[summits[k]] = k + 1
    for i in prange(target.size):
        # A summit keeps the name that other voxels read at the same time.
        if target[i] >= 0 and target[i] != i:
            labels[i] = labels[target[i]]


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _count_faces(labels: Any, within: Any) -> Any:
    nz, ny, nx = labels.shape
    counts = np.zeros(within[0], np.int64)
    for z in prange(within[0]):
        n = 0
        for y in range(within[1]):
            for x in range(within[2]):
                here = labels[z, y, x]
                if here == 0:
                    continue
                for axis in range(3):
                    a, b, c = z + (axis == 0), y + (axis == 1), x + (axis == 2)
                    if a < nz and b < ny and c < nx:
                        there = labels[a, b, c]
                        if there != 0 and there != here:
                            n += 1
        counts[z] = n
    return counts


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _list_faces(
    labels: Any,
    height: Any,
    within: Any,
    face_area: Any,
    n: Any,
    offsets: Any,
    keys: Any,
    heights: Any,
    areas: Any,
) -> None:
    nz, ny, nx = labels.shape
    for z in prange(within[0]):
        i = offsets[z]
        for y in range(within[1]):
            for x in range(within[2]):
                here = np.int64(labels[z, y, x])
                if here == 0:
                    continue
                for axis in range(3):
                    a, b, c = z + (axis == 0), y + (axis == 1), x + (axis == 2)
                    if a >= nz or b >= ny or c >= nx:
                        continue
                    there = np.int64(labels[a, b, c])
                    if there != 0 and there != here:
                        keys[i] = min(here, there) * n + max(here, there)
                        heights[i] = min(height[z, y, x], height[a, b, c])
                        areas[i] = face_area[axis]
                        i += 1

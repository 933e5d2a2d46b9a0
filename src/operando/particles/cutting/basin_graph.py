"""Which basins touch, and how: over what pass, in the solid or across a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


SUMS = ("contact", "gap", "gap_volume", "gap_height", "seam", "clearance_sum")
"""What adds up where basins are joined."""

THIN = 1.5
"""Distance to the solid, in voxels, up to which a gap is a seam."""


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
        ``(E,)`` area of their interface that lies in the solid.
    gap
        ``(E,)`` area of their interface that lies in a gap.
    gap_volume
        ``(E,)`` volume of that gap: its area times its width.
    gap_height
        ``(E,)`` height summed over the area in the gap.
    seam
        ``(E,)`` area of their interface in gaps of a voxel or two, such as the pinholes that are
        left where particles touch.
    clearance
        ``(E,)`` largest distance to a gap on the interface, 0 if none of it lies in the solid.
    clearance_sum
        ``(E,)`` that distance summed over the area in the solid.
    """

    pairs: NDArray[np.int64]
    saddle: NDArray[np.float32]
    contact: NDArray[np.float64]
    gap: NDArray[np.float64]
    gap_volume: NDArray[np.float64]
    gap_height: NDArray[np.float64]
    seam: NDArray[np.float64]
    clearance: NDArray[np.float64]
    clearance_sum: NDArray[np.float64]

    @classmethod
    def joined(cls, graphs: Sequence[BasinGraph], offsets: Sequence[int]) -> BasinGraph:
        """Put graphs of different basins side by side, their labels raised by the offsets."""
        pairs = [graph.pairs + by for graph, by in zip(graphs, offsets, strict=False)]
        names = ("saddle", "clearance", *SUMS)
        values = {k: np.concatenate([getattr(graph, k) for graph in graphs]) for k in names}
        return cls(np.concatenate(pairs), **values)


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
    clearance = np.zeros(unique.size)
    np.maximum.at(clearance, inverse, graph.clearance[kept])
    sums = {
        k: np.bincount(inverse, getattr(graph, k)[kept], unique.size).astype(np.float64)
        for k in SUMS
    }
    ends = np.stack([unique // n, unique % n], axis=1)
    return BasinGraph(ends, saddle, clearance=clearance, **sums)


def touching(
    labels: NDArray[np.int32],
    height: NDArray[np.float32],
    outside: NDArray[np.float32],
    spacing: tuple[float, float, float],
    within: tuple[int, ...] | None = None,
) -> BasinGraph:
    """Graph of the labels that share a voxel face.

    Parameters
    ----------
    labels, height
        ``(Z, Y, X)``, see `operando.particles.cutting.basins.climb`.
    outside
        ``(Z, Y, X)`` distance to the solid; in it, minus the distance to the gaps.
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
    heights, distances, areas = (np.empty(total, np.float32) for _ in range(3))
    z, y, x = spacing
    face_area = np.array([y * x, z * x, z * y], np.float32)
    n = int(labels.max(initial=0)) + 1
    _list_faces(
        labels, height, outside, within, face_area, n, offsets, keys, heights, distances, areas
    )
    unique, inverse = np.unique(keys, return_inverse=True)
    saddle = np.full(unique.size, -np.inf, np.float32)
    np.maximum.at(saddle, inverse, heights)
    in_gap = distances > 0
    clearance = np.zeros(unique.size)
    np.maximum.at(clearance, inverse, -distances)

    def sum_up(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        return np.bincount(inverse, values, unique.size).astype(np.float64)

    return BasinGraph(
        np.stack([unique // n, unique % n], axis=1),
        saddle,
        contact=sum_up(np.where(in_gap, 0, areas)),
        gap=sum_up(np.where(in_gap, areas, 0)),
        gap_volume=sum_up(2 * areas * np.maximum(distances, 0)),
        gap_height=sum_up(np.where(in_gap, areas * heights, 0)),
        seam=sum_up(np.where(in_gap & (distances < THIN * max(spacing)), areas, 0)),
        clearance=clearance,
        clearance_sum=sum_up(areas * np.maximum(-distances, 0)),
    )


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
    outside: Any,
    within: Any,
    face_area: Any,
    n: Any,
    offsets: Any,
    keys: Any,
    heights: Any,
    distances: Any,
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
                        distances[i] = max(outside[z, y, x], outside[a, b, c])
                        areas[i] = face_area[axis]
                        i += 1

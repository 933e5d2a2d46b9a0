"""Which basins are one particle: those with a wide neck, and those that fit like broken pieces.

A basin of the distance map is a whole particle, a bump of one, or a piece that cracks cut off.
Bumps are joined by a pass that is nearly as high as they are. Pieces face each other over most of
their cross-section, and the convex hull of both holds hardly more than their two hulls; round
particles that touch face each other over little, and their common hull spans empty space. What is
joined first changes what fits next, so the best pair is joined first, then all is weighed again.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from operando.particles.joining.hulls import hull_of_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from operando.particles.cutting.basin_graph import BasinGraph
    from operando.particles.joining.hulls import Hull

    Block = tuple[NDArray[np.int32], tuple[int, ...]]


@dataclass
class Piece:
    """Basins that belong together so far.

    Parameters
    ----------
    volume
        Volume of its solid.
    peak
        Largest height in it.
    hull
        Its convex hull.
    guide
        Known particle that most of it lies in, 0 if none.
    borders
        To each touching piece.
    """

    volume: float
    peak: float
    hull: Hull
    guide: int = 0
    borders: dict[int, Border] = field(default_factory=dict)

    @property
    def radius(self) -> float:
        """Radius of the sphere of the same volume."""
        return float((3 * self.volume / (4 * np.pi)) ** (1 / 3))


@dataclass(frozen=True)
class Border:
    """Where two pieces meet; see `operando.particles.cutting.basin_graph.BasinGraph`."""

    saddle: float
    contact: float
    gap: float
    gap_volume: float

    def joined(self, other: Border) -> Border:
        """Both stretches of border together."""
        return Border(
            max(self.saddle, other.saddle),
            self.contact + other.contact,
            self.gap + other.gap,
            self.gap_volume + other.gap_volume,
        )


def fuse_bumps(
    peaks: NDArray[np.float32], graph: BasinGraph, ratio: float | NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Join basins whose pass is at least `ratio` times as high as the lower peak.

    Parameters
    ----------
    peaks
        ``(N + 1,)``; entry 0 is that of what lies outside.
    graph
        Of the basins.
    ratio
        One for all passes, or ``(E,)``.

    Returns
    -------
    names
        ``(N + 1,)`` new label of every basin, compact; entry 0 stays 0.
    peaks
        Peaks of the joined basins.
    """
    ratios = np.broadcast_to(ratio, graph.saddle.shape)
    leader = list(range(len(peaks)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for edge in np.argsort(-graph.saddle, kind="stable"):
        saddle = float(graph.saddle[edge])
        if saddle <= 0:
            break
        high, low = (find(int(i)) for i in graph.pairs[edge])
        if peaks[high] < peaks[low]:
            high, low = low, high
        if high != low and saddle >= ratios[edge] * peaks[low]:
            leader[low] = high
    roots = np.array([find(i) for i in range(len(peaks))])
    kept, names = np.unique(roots, return_inverse=True)
    return names.astype(np.int32), peaks[kept]


def make_pieces(
    blocks: Iterable[Block],
    peaks: NDArray[np.float32],
    graph: BasinGraph,
    spacing: tuple[float, float, float],
) -> dict[int, Piece]:
    """Pieces, by label, of the solid voxels of every basin that has any, with their borders.

    Parameters
    ----------
    blocks
        ``(Z, Y, X)`` labels, and the voxel of the volume where each block begins.
    peaks
        ``(N + 1,)`` height of every label.
    graph
        Of the labels.
    spacing
        Voxel size ``(z, y, x)``.
    """
    from scipy.ndimage import find_objects

    pieces: dict[int, Piece] = {}
    voxel = float(np.prod(spacing))
    for labels, corner in blocks:
        for label, box in enumerate(find_objects(labels), start=1):
            if box is None:
                continue
            mask = labels[box] == label
            start = tuple(s.start + c for s, c in zip(box, corner, strict=True))
            hull = hull_of_mask(mask, spacing, start)
            volume = int(mask.sum()) * voxel
            if label in pieces:
                pieces[label].volume += volume
                pieces[label].hull = pieces[label].hull.joined(hull)
            else:
                pieces[label] = Piece(volume, float(peaks[label]), hull)
    for (a, b), *values in zip(
        graph.pairs.tolist(), graph.saddle, graph.contact, graph.gap, graph.gap_volume, strict=True
    ):
        if a in pieces and b in pieces:
            border = Border(*(float(v) for v in values))
            pieces[a].borders[b] = pieces[b].borders[a] = border
    return pieces


def join_pieces(
    pieces: dict[int, Piece],
    score: Callable[[Piece, Piece, Border], float],
) -> dict[int, int]:
    """Join pieces that fit, the best fitting first, until no score is above 0.

    Parameters
    ----------
    pieces
        By label; used up.
    score
        Says how much speaks for joining.

    Returns
    -------
    For every label the smallest label of the particle that it belongs to.
    """
    queue: list[tuple[float, int, int, int]] = []
    name = {label: label for label in pieces}
    version = dict.fromkeys(pieces, 0)

    def push(a: int, b: int) -> None:
        value = score(pieces[a], pieces[b], pieces[a].borders[b])
        if value > 0:
            heapq.heappush(queue, (-value, a, b, version[a] + version[b]))

    for a, piece in pieces.items():
        for b in piece.borders:
            if a < b:
                push(a, b)
    while queue:
        _, a, b, seen = heapq.heappop(queue)
        if a not in pieces or b not in pieces or seen != version[a] + version[b]:
            continue
        join(pieces, a, b)
        name[b] = a
        version[a] += version[b] + 1
        for other in sorted(pieces[a].borders):
            push(min(a, other), max(a, other))
    return {label: _root(name, label) for label in name}


def join(pieces: dict[int, Piece], a: int, b: int) -> None:
    """Let piece `a` take in piece `b`."""
    keep, gone = pieces[a], pieces.pop(b)
    if gone.volume > keep.volume:
        keep.guide = gone.guide
    keep.volume += gone.volume
    keep.peak = max(keep.peak, gone.peak)
    keep.hull = keep.hull.joined(gone.hull)
    del keep.borders[b]
    for other, border in gone.borders.items():
        if other == a:
            continue
        known = keep.borders.get(other)
        both = border.joined(known) if known else border
        del pieces[other].borders[b]
        keep.borders[other] = pieces[other].borders[a] = both


def _root(name: dict[int, int], label: int) -> int:
    while name[label] != label:
        label = name[label]
    return label

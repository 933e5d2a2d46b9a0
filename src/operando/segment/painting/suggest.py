"""Where to paint next: the few places whose strokes would teach the model most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

CELL = 16
MOST_SLICES = 240
MOST_CELLS = 2000
REACH = (0.25, 0.25, 0.5, 0.5)
"""Distance over which one place speaks for another, as a share of frames, z, y and x; within a
slice further, as contrast and artefacts are much the same there."""
MIXTURE_REACH = 0.25
"""The same for the shares of classes."""


@dataclass(frozen=True)
class Region:
    """A part of one slice that is worth painting on.

    Parameters
    ----------
    frame, z
        Slice.
    y, x
        First and last voxel plus one.
    doubt
        Mean over its voxels of 1 - (most probable - second most probable class), 0 to 1.
    between
        The two classes, 1 to K, that the model hesitates between most.
    """

    frame: int
    z: int
    y: tuple[int, int]
    x: tuple[int, int]
    doubt: float
    between: tuple[int, int]

    @property
    def centre(self) -> tuple[float, float, float]:
        """Voxel ``(z, y, x)`` in the middle."""
        return float(self.z), sum(self.y) / 2, sum(self.x) / 2


def suggest_regions(
    probabilities: Any,
    *,
    painted: Sequence[tuple[int, int]] = (),
    count: int = 6,
    progress: ProgressCallback | None = None,
) -> list[Region]:
    """Choose the places that would help most, best first.

    A place is worth its own squared doubt times that of all that is like it (near in space
    and time, of a similar mixture of classes) and that no place chosen before, and no painted
    slice, speaks for: uncertain, representative and diverse at once (facility location on
    uncertainty, after Wei, Iyer & Bilmes 2015, ICML).

    Parameters
    ----------
    probabilities
        ``(T, K, Z, Y, X)`` uint8, 0 to 255, such as a Zarr array; at most `MOST_SLICES` slices,
        evenly spread, are read, one at a time.
    painted
        Frame and z of slices that hold strokes already.
    count
        Most places to return; places that are certain are left out.

    Returns
    -------
    Squares of `CELL` voxels, cut off at the edges.
    """
    frames, n_classes, depth, height, width = probabilities.shape
    slices = _spread(frames, depth)
    watch = Stopwatch(progress, len(slices), "slices", "Looking for doubt")
    corners = [(y, x) for y in range(0, height, CELL) for x in range(0, width, CELL)]
    doubt = np.empty((len(slices), len(corners)), np.float32)
    mixture = np.empty((len(slices), len(corners), n_classes), np.float32)
    for i, (t, z) in enumerate(slices):
        share = np.asarray(probabilities[t, :, z], np.float32) / 255
        doubt[i] = _tile_means(_doubt(share)[None])[0]
        mixture[i] = _tile_means(share).T
        watch.advance()
    places = np.array([(t, z, y, x) for t, z in slices for y, x in corners])
    flat = doubt.ravel()
    best = np.argsort(-flat, kind="stable")[:MOST_CELLS]
    best = best[flat[best] > 0]
    reach = np.array((frames, depth, height, width)) * REACH
    where = np.column_stack(
        [places[best] / reach, mixture.reshape(-1, n_classes)[best] / MIXTURE_REACH]
    )
    seen = _coverage_of(painted, places[best], reach)
    chosen = [int(best[i]) for i in _cover(flat[best] ** 2, where, seen, count)]
    return [
        _region(probabilities, tuple(int(v) for v in places[i]), float(flat[i])) for i in chosen
    ]


def _spread(frames: int, depth: int) -> list[tuple[int, int]]:
    """Frame and z of slices spread evenly over all frames."""
    chosen = np.linspace(0, frames - 1, min(frames, MOST_SLICES)).round().astype(int)
    per_frame = max(1, min(depth, MOST_SLICES // len(chosen)))
    heights = ((np.arange(per_frame) + 0.5) * depth / per_frame).astype(int)
    return [(int(t), int(z)) for t in chosen for z in heights]


def _doubt(share: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """One minus the margin between the two most probable of ``(K, Y, X)``; 0 where all are 0."""
    if len(share) < 2:
        return np.zeros(share.shape[1:], np.float32)
    top = np.partition(share, -2, axis=0)[-2:]
    return np.where(top[1] > 0, 1 - (top[1] - top[0]), 0).astype(np.float32)


def _tile_means(images: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Means of ``(n, Y, X)`` over squares of `CELL`, the last ones smaller: ``(n, tiles)``."""
    rows, columns = (np.arange(0, n, CELL) for n in images.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(images, rows, axis=1), columns, axis=2)
    heights = np.diff([*rows, images.shape[1]])
    widths = np.diff([*columns, images.shape[2]])
    means = sums / (heights[:, None] * widths[None, :])
    return np.asarray(means.reshape(len(images), -1), np.float32)


def _coverage_of(
    painted: Sequence[tuple[int, int]], places: NDArray[Any], reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far painted slices speak for places ``(n, 4)``: 0 to 1."""
    covered = np.zeros(len(places))
    for slice_ in painted:
        distance = (places[:, :2] - np.array(slice_)) / reach[:2]
        covered = np.maximum(covered, np.exp(-0.5 * (distance**2).sum(axis=1)))
    return covered


def _cover(
    weight: NDArray[np.float32],
    where: NDArray[np.float64],
    covered: NDArray[np.float64],
    count: int,
) -> list[int]:
    """Choose greedily by own weight times the weight that is newly spoken for."""
    from scipy.spatial.distance import cdist

    near = np.exp(-0.5 * cdist(where, where, "sqeuclidean"))
    chosen: list[int] = []
    for _ in range(min(count, len(weight))):
        gain = weight * (np.maximum(near - covered[None], 0) @ weight)
        gain[chosen] = 0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        chosen.append(best)
        covered = np.maximum(covered, near[best])
    return chosen


def _region(probabilities: Any, place: tuple[int, ...], doubt: float) -> Region:
    t, z, y, x = place
    top, left = (min(v + CELL, n) for v, n in zip((y, x), probabilities.shape[3:], strict=True))
    share = np.asarray(probabilities[t, :, z, y:top, x:left], np.float32) / 255
    order = np.argsort(-share, axis=0, kind="stable")[:2]
    pairs = np.sort(order, axis=0)
    key = pairs[0] * len(share) + pairs[-1]
    votes = np.bincount(key.ravel(), _doubt(share).ravel(), len(share) ** 2)
    first, second = divmod(int(votes.argmax()), len(share))
    return Region(t, z, (y, top), (x, left), doubt, (first + 1, second + 1))

"""How a phase hangs together: percolation, clusters, Euler number and surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.surface import REACH, faces_of
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

    Slab = Callable[[int, int], NDArray[np.bool_]]

SLAB = 32
DOUBT = 0.25
"""A phase less probable than this is ruled out in the most connected reading; one more probable
than 1 - this is certain in the least connected one."""

Reading = Literal["labels", "least", "most"]
READINGS: tuple[Reading, ...] = ("labels", "least", "most")


@dataclass(frozen=True)
class Connectivity:
    """How one phase of one frame hangs together, through the faces of voxels.

    Parameters
    ----------
    voxels
        Of the phase.
    percolating
        ``(z, y, x)`` share of the phase in clusters that reach from the first to the last slice
        along the axis; NaN without a voxel.
    clusters
        How many there are.
    isolated
        Clusters that touch no side of the volume: what is cut by a side may go on outside.
    isolated_share
        Share of the phase in them; NaN without a voxel.
    euler
        Euler number: clusters less tunnels plus cavities, of the piece as it is cut.
    surface
        Area of the phase towards everything else, in the unit of the spacing squared; cuts by the
        sides of the volume are no surface.
    """

    voxels: int
    percolating: tuple[float, float, float]
    clusters: int
    isolated: int
    isolated_share: float
    euler: int
    surface: float


def measure_connectivity(
    labels: Any,
    probabilities: Any = None,
    *,
    n_classes: int,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    progress: ProgressCallback | None = None,
) -> list[dict[Reading, Connectivity]]:
    """Measure every phase as labelled, and in its least and most connected reading.

    The most connected reading holds the voxels of the label and those where the phase is at least
    `DOUBT` probable; the least connected one holds the voxels of the label where it is at least
    1 - `DOUBT` probable. Volume and a percolating volume can only grow from the least to the most
    connected reading; shares, counts and surface need not, so take their range over all three. The
    range is no confidence interval. Only a slab of the volume is in memory at a time.

    Parameters
    ----------
    labels
        ``(Z, Y, X)``, 1..K; may lie on disk.
    probabilities
        ``(K, Z, Y, X)`` uint8, 0 to 255; None gives only the reading of the labels.
    n_classes
        K.
    spacing
        Voxel ``(z, y, x)``, µm.
    progress
        Called after every phase and reading.

    Returns
    -------
    One entry per class, by reading.

    Raises
    ------
    InputError
        If the probabilities are not those of the labels.
    """
    if probabilities is not None and probabilities.shape != (n_classes, *labels.shape):
        raise InputError(
            f"Probabilities of {tuple(probabilities.shape)} for {n_classes} classes on "
            f"{tuple(labels.shape)} voxels",
            "give those that belong to the labels",
        )
    readings = READINGS if probabilities is not None else READINGS[:1]
    watch = Stopwatch(progress, n_classes * len(readings), "readings", "Connectivity")
    found: list[dict[Reading, Connectivity]] = []
    for k in range(n_classes):
        phase: dict[Reading, Connectivity] = {}
        for reading in readings:
            slab = _reader(labels, probabilities, k, reading)
            phase[reading] = _measure(slab, tuple(labels.shape), spacing, watch)
            watch.advance()
        found.append(phase)
    return found


def interface_areas(
    labels: Any, n_classes: int, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> NDArray[np.float64]:
    """Area between every two phases, ``(K, K)``, in the unit of the spacing squared.

    Symmetric; each is the mean of how the two phases see it. Read slab by slab.
    """
    area = np.zeros((n_classes + 1, n_classes + 1))
    for z in range(0, labels.shape[0], SLAB):
        low, near = _with_margin(z, labels.shape[0])
        block = np.asarray(labels[low:near])
        for k in range(1, n_classes + 1):
            faces = faces_of(block == k, spacing)
            faces = faces.where(_starts_in(faces, z - low))
            outside = block[tuple(faces.outside.T)]
            area[k] += np.bincount(outside, weights=faces.area, minlength=n_classes + 1)
    known = area[1:, 1:]
    return np.asarray((known + known.T) / 2)


def _reader(labels: Any, probabilities: Any, k: int, reading: Reading) -> Slab:
    """Return what gives slices of one phase in one reading."""

    def read(low: int, high: int) -> NDArray[np.bool_]:
        own = np.asarray(labels[low:high]) == k + 1
        if reading == "labels":
            return np.asarray(own)
        share = np.asarray(probabilities[k, low:high])
        if reading == "most":
            return np.asarray(own | (share >= DOUBT * 255))
        return np.asarray(own & (share >= (1 - DOUBT) * 255))

    return read


def _measure(
    read: Slab, shape: tuple[int, ...], spacing: tuple[float, float, float], watch: Stopwatch
) -> Connectivity:
    clusters = _Clusters(shape)
    euler, surface = 0, 0.0
    for z in range(0, shape[0], SLAB):
        watch.advance(0)
        low, near = _with_margin(z, shape[0])
        block = read(low, near)
        core = block[z - low : z - low + SLAB]
        clusters.add(core, z)
        euler += _euler(core) - (_euler_plane(core[-1]) if z + SLAB < shape[0] else 0)
        if z + SLAB < shape[0]:
            euler += _euler(block[z - low + SLAB - 1 : z - low + SLAB + 1]) - _euler_plane(
                block[z - low + SLAB]
            )
        faces = faces_of(block, spacing)
        surface += float(faces.area[_starts_in(faces, z - low)].sum())
    return clusters.summary(euler, surface)


class _Clusters:
    """Clusters of a phase, labelled slab by slab and joined where slabs meet."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._sizes: list[NDArray[np.int64]] = []
        self._sides: list[NDArray[np.bool_]] = []
        self._joins: list[NDArray[np.int64]] = []
        self._last: NDArray[np.int64] | None = None
        self._count = 0

    def add(self, mask: NDArray[np.bool_], z: int) -> None:
        """Label the next slab, which starts at slice `z`."""
        import cc3d

        ids, n = cc3d.connected_components(
            np.ascontiguousarray(mask, np.uint8), connectivity=6, return_N=True
        )
        self._sizes.append(np.bincount(ids.ravel(), minlength=n + 1)[1:])
        sides = np.zeros((n + 1, 6), np.bool_)
        sides[ids[0], 0] = z == 0
        sides[ids[-1], 1] |= z + len(mask) == self._shape[0]
        for side, plane in enumerate((ids[:, 0], ids[:, -1], ids[:, :, 0], ids[:, :, -1]), 2):
            sides[plane, side] = True
        self._sides.append(sides[1:])
        numbered = [np.where(p > 0, p.astype(np.int64) + self._count, 0) for p in (ids[0], ids[-1])]
        if self._last is not None:
            meet = (self._last > 0) & (numbered[0] > 0)
            pairs = np.stack([self._last[meet], numbered[0][meet]], axis=1)
            self._joins.append(np.unique(pairs, axis=0))
        self._last = numbered[1]
        self._count += n

    def summary(self, euler: int, surface: float) -> Connectivity:
        """Join the clusters of all slabs and count them."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        if not self._count:
            nan = float("nan")
            return Connectivity(0, (nan, nan, nan), 0, 0, nan, 0, 0.0)
        joins = np.concatenate([np.empty((0, 2), np.int64), *self._joins]) - 1
        graph = coo_array((np.ones(len(joins)), joins.T), shape=(self._count, self._count))
        n, cluster = connected_components(graph, directed=False)
        size = np.bincount(cluster, weights=np.concatenate(self._sizes), minlength=n)
        touched = np.concatenate(self._sides)
        sides = np.stack(
            [np.bincount(cluster, weights=touched[:, i], minlength=n) > 0 for i in range(6)]
        )
        total = size.sum()
        z, y, x = (float(size[sides[2 * a] & sides[2 * a + 1]].sum() / total) for a in range(3))
        alone = ~sides.any(axis=0)
        share = float(size[alone].sum() / total)
        return Connectivity(int(total), (z, y, x), n, int(alone.sum()), share, euler, surface)


def _euler(mask: NDArray[np.bool_]) -> int:
    """Euler number of voxels that hang together by faces: 0-, 1-, 2- and 3-cells of the grid."""
    total = 0
    for dz in range(min(2, mask.shape[0])):
        along_z = mask[1:] & mask[:-1] if dz else mask
        for dy in range(2):
            along_y = along_z[:, 1:] & along_z[:, :-1] if dy else along_z
            for dx in range(2):
                cells = along_y[:, :, 1:] & along_y[:, :, :-1] if dx else along_y
                total += (-1) ** (dz + dy + dx) * int(np.count_nonzero(cells))
    return total


def _euler_plane(plane: NDArray[np.bool_]) -> int:
    return _euler(plane[None])


def _with_margin(z: int, depth: int) -> tuple[int, int]:
    """Slices around a slab, with those that the normals of its faces are taken from."""
    return max(0, z - REACH), min(depth, z + SLAB + REACH + 1)


def _starts_in(faces: Any, first: int) -> NDArray[np.bool_]:
    """Faces whose first voxel along z lies in the slab."""
    z = np.minimum(faces.inside[:, 0], faces.outside[:, 0])
    return np.asarray((z >= first) & (z < first + SLAB))

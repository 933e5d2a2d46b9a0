"""How far two segmentations agree: a result and a reference, or one slice painted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.segment.phases.connectivity import interface_areas
from operando.segment.scoring.scores import confusion, dice, iou

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

SLAB = 32
REACH = 16
"""Longest voxel edges: outlines further apart than this count as this far apart."""
_BINS = 4096


@dataclass(frozen=True)
class Agreement:
    """How far labels agree with a reference, class by class.

    Parameters
    ----------
    confusion
        ``(K, K)`` voxels by class in the reference (rows) and in the labels (columns).
    boundary_um
        ``(K,)`` mean distance between the two outlines of a class, both ways, in the unit of
        `spacing`; NaN where a class has no outline in one of them.
    boundary_p95_um
        ``(K,)`` distance that 95 % of the outline does not exceed.
    interface_um2, reference_interface_um2
        ``(K,)`` area of the interfaces of a class with the others, in the labels and in the
        reference, where both are known.
    """

    confusion: NDArray[np.int64]
    boundary_um: NDArray[np.float64]
    boundary_p95_um: NDArray[np.float64]
    interface_um2: NDArray[np.float64]
    reference_interface_um2: NDArray[np.float64]

    @property
    def accuracy(self) -> float:
        """Share of voxels with the same class; NaN without any."""
        total = int(self.confusion.sum())
        return float(np.trace(self.confusion)) / total if total else float("nan")

    @property
    def dice(self) -> NDArray[np.float64]:
        """``(K,)`` Dice; NaN for classes that do not occur."""
        return dice(self.confusion)

    @property
    def iou(self) -> NDArray[np.float64]:
        """``(K,)`` intersection over union; NaN for classes that do not occur."""
        return iou(self.confusion)

    def table(self, names: Sequence[str]) -> pd.DataFrame:
        """One row per class: ``phase``, ``dice``, ``iou``, ``boundary_um``, voxels of both.

        Also ``interface_um2`` of both.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "phase": list(names),
                "dice": self.dice,
                "iou": self.iou,
                "boundary_um": self.boundary_um,
                "boundary_p95_um": self.boundary_p95_um,
                "reference_voxels": self.confusion.sum(axis=1),
                "labelled_voxels": self.confusion.sum(axis=0),
                "reference_interface_um2": self.reference_interface_um2,
                "interface_um2": self.interface_um2,
            }
        )


def compare_labels(
    reference: Any,
    labels: Any,
    n_classes: int,
    *,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    progress: ProgressCallback | None = None,
) -> Agreement:
    """Compare labels with a reference, slab by slab.

    Parameters
    ----------
    reference, labels
        ``(Z, Y, X)`` integers 1..K; 0 in either is unknown and not counted, nor are outlines
        that lie there. May lie on disk.
    n_classes
        K.
    spacing
        Voxel ``(z, y, x)``, µm.
    progress
        Called after every slab.

    Raises
    ------
    InputError
        If the shapes differ, or nothing is known in both.
    """
    if tuple(reference.shape) != tuple(labels.shape):
        raise InputError(
            f"A reference of {tuple(reference.shape)} voxels for labels of {tuple(labels.shape)}",
            "choose one that was made on the same images",
        )
    depth = reference.shape[0]
    table = np.zeros((n_classes, n_classes), np.int64)
    reach = REACH * max(spacing)
    halo = int(np.ceil(reach / spacing[0]))
    tally = [_Distances(reach) for _ in range(n_classes)]
    starts = range(0, depth, SLAB)
    watch = Stopwatch(progress, len(starts), "slabs", "Comparing")
    for z in starts:
        low, high = max(0, z - halo), min(depth, z + SLAB + halo)
        core = slice(z - low, min(z + SLAB, depth) - low)
        first, second = (np.asarray(array[low:high]) for array in (reference, labels))
        table += confusion(first[core], second[core], n_classes)
        known = (first > 0) & (second > 0)
        for k, distances in enumerate(tally, 1):
            outlines = (_outline(a == k, known) for a in (first, second))
            distances.add(*outlines, core=core, spacing=spacing)
        watch.advance()
    if not table.any():
        raise InputError("No voxel has a class in both", "choose another reference")
    return Agreement(
        table,
        np.array([d.mean for d in tally]),
        np.array([d.quantile(0.95) for d in tally]),
        _interfaces(_Known(labels, reference), n_classes, spacing),
        _interfaces(_Known(reference, labels), n_classes, spacing),
    )


class _Known:
    """Labels where another array has a class too, else 0; read slab by slab."""

    def __init__(self, labels: Any, other: Any) -> None:
        self._labels, self._other = labels, other
        self.shape = labels.shape

    def __getitem__(self, box: slice) -> NDArray[Any]:
        labels = np.asarray(self._labels[box])
        return np.asarray(np.where(np.asarray(self._other[box]) > 0, labels, 0))


def _interfaces(labels: _Known, n_classes: int, spacing: Sequence[float]) -> NDArray[np.float64]:
    z, y, x = (float(edge) for edge in spacing)
    return np.asarray(interface_areas(labels, n_classes, (z, y, x)).sum(axis=1))


class _Distances:
    """Distances between two outlines, counted in bins; those out of reach count as the largest."""

    def __init__(self, largest: float) -> None:
        self._largest = float(largest)
        self._counts = np.zeros((2, _BINS), np.int64)
        self._sum = 0.0

    def add(
        self,
        first: NDArray[np.bool_],
        second: NDArray[np.bool_],
        *,
        core: slice,
        spacing: Sequence[float],
    ) -> None:
        """Count the distance of every voxel of each outline in the core from the other one."""
        import edt

        for counts, own, other in zip(
            self._counts, (first[core], second[core]), (second, first), strict=True
        ):
            if not own.any():
                continue
            if other.any():
                grid = edt.edt(~other, anisotropy=tuple(spacing), parallel=1)
                far = np.minimum(grid[core][own], self._largest).astype(np.float64)
            else:
                far = np.full(int(own.sum()), self._largest)
            self._sum += float(far.sum())
            index = np.minimum((far / self._largest * _BINS).astype(np.int64), _BINS - 1)
            counts += np.bincount(index, minlength=_BINS)

    @property
    def mean(self) -> float:
        """Mean distance; NaN if there are not two outlines."""
        return self._sum / int(self._counts.sum()) if self._are_two else float("nan")

    def quantile(self, share: float) -> float:
        """Upper edge of the bin that reaches `share` of the outline; 0 where most is exact."""
        if not self._are_two:
            return float("nan")
        reached = np.cumsum(self._counts.sum(axis=0))
        index = int(np.searchsorted(reached, share * reached[-1]))
        return 0.0 if index == 0 else (index + 1) * self._largest / _BINS

    @property
    def _are_two(self) -> bool:
        return bool(self._counts.any(axis=1).all())


def _outline(mask: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voxels of a class with a face to a known voxel of another one."""
    edge = np.zeros_like(mask)
    for axis in range(mask.ndim):
        here: list[slice] = [slice(None)] * mask.ndim
        there = list(here)
        here[axis], there[axis] = slice(1, None), slice(None, -1)
        a, b = tuple(here), tuple(there)
        differs = (mask[a] != mask[b]) & known[a] & known[b]
        edge[a] |= differs & mask[a]
        edge[b] |= differs & mask[b]
    return edge

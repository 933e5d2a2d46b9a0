"""How far strokes agree that were painted twice: no model can be judged more finely than that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


@dataclass(frozen=True)
class SelfAgreement:
    """Agreement of two stroke sets where both were painted.

    Parameters
    ----------
    confusion
        ``(K, K)`` voxels by class in the first set (rows) and in the second (columns).
    slices
        Slices on which voxels were painted in both.
    """

    confusion: NDArray[np.int64]
    slices: int

    @property
    def voxels(self) -> int:
        """Voxels that were painted in both."""
        return int(self.confusion.sum())

    @property
    def equal(self) -> float:
        """Share of them that has the same class; NaN without any."""
        return float(np.trace(self.confusion)) / self.voxels if self.voxels else float("nan")

    @property
    def dice(self) -> NDArray[np.float64]:
        """``(K,)`` Dice of every class; NaN where it was painted in neither."""
        return dice(self.confusion)


def self_agreement(
    first: Any, second: Any, slices: Iterable[tuple[int, int]], n_classes: int
) -> SelfAgreement:
    """Compare two stroke sets of the same images where voxels are painted in both.

    Only the class is compared, not which voxels were chosen: a voxel that one set leaves out
    says nothing.

    Parameters
    ----------
    first, second
        ``(T, Z, Y, X)`` integers, 0 = unlabelled, 1..K = classes.
    slices
        Frame and z of the slices to look at.
    n_classes
        K.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    table = np.zeros((n_classes, n_classes), np.int64)
    shared = 0
    for t, z in slices:
        found = confusion(np.asarray(first[t, z]), np.asarray(second[t, z]), n_classes)
        table += found
        shared += bool(found.any())
    return SelfAgreement(table, shared)

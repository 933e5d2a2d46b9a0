"""How well labels agree with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def confusion(
    truth: NDArray[Any], labels: NDArray[Any], n_classes: int | None = None
) -> NDArray[np.int64]:
    """Count voxels by true class (rows) and labelled class (columns), ``(K, K)``.

    Parameters
    ----------
    truth
        Classes 1 to K; 0 is unknown and not counted.
    labels
        Classes 1 to K of the same shape.
    n_classes
        K; without it the largest class found.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if truth.shape != labels.shape:
        raise InputError(
            f"Labels of the shape {labels.shape} for a truth of {truth.shape}",
            "give both on the same voxels",
        )
    k = n_classes or int(max(truth.max(initial=1), labels.max(initial=1)))
    known = (truth > 0) & (labels > 0)
    index = (truth[known].astype(np.int64) - 1) * k + labels[known].astype(np.int64) - 1
    return np.bincount(index, minlength=k * k).reshape(k, k)


def dice(table: NDArray[Any]) -> NDArray[np.float64]:
    """Dice coefficient per class from a confusion table; NaN for classes that do not occur."""
    return _ratio(2 * np.diag(table), table.sum(axis=0) + table.sum(axis=1))


def iou(table: NDArray[Any]) -> NDArray[np.float64]:
    """Intersection over union per class from a confusion table; NaN if it does not occur."""
    hit = np.diag(table)
    return _ratio(hit, table.sum(axis=0) + table.sum(axis=1) - hit)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio

"""Other names for the labels of a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from numpy.typing import NDArray


def numbered(ids: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Renumber ids that are larger than any count of particles, in their order.

    Returns
    -------
    ids
        ``(Z, Y, X)``; the same where they are small enough to be counted by.
    names
        ``names[k]`` is the id of particle k; ``names[0]`` is 0.
    """
    if ids.max() <= ids.size:
        return ids, np.arange(int(ids.max()) + 1)
    names = np.union1d(0, ids)
    return np.searchsorted(names, ids).astype(np.int32), names


def rename(
    labels: NDArray[Any], names: NDArray[np.int32], out: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Return ``names[labels]`` for a volume, on all cores; `out` may be the labels themselves."""
    if out is None:
        out = np.empty(labels.shape, np.int32)
    _rename(labels, names, out)
    return out


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _rename(labels: Any, names: Any, out: Any) -> None:
    for z in prange(labels.shape[0]):
        for y in range(labels.shape[1]):
            for x in range(labels.shape[2]):
                out[z, y, x] = names[labels[z, y, x]]

"""Size and centroid of every label, in one pass over the volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def count_and_centre(ids: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Voxels and centroids of labels 0 to N.

    Returns
    -------
    count
        ``(N + 1,)``.
    centroid
        ``(N + 1, 3)`` in voxels, NaN for labels that do not occur.
    """
    count, total = _sums(ids, int(ids.max(initial=0)))
    with np.errstate(invalid="ignore"):
        return count, total / count[:, None]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sums(ids: Any, largest: int) -> Any:
    count = np.zeros(largest + 1, np.int64)
    total = np.zeros((largest + 1, 3))
    nz, ny, nx = ids.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                label = ids[z, y, x]
                if label > 0:
                    count[label] += 1
                    total[label, 0] += z
                    total[label, 1] += y
                    total[label, 2] += x
    return count, total

"""What lies around an image: a margin of one grey value, as reconstructions leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SHARE = 0.005
"""Of a slice; less is no margin."""


def margin_of(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the margin of a slice ``(y, x)``, such as what lies outside a reconstructed circle.

    It is what hangs together with the edges of the slice and is exactly as the four corners are,
    which must be alike. Where dark voxels are cut off at the same value, those that touch it pass
    for more of it.
    """
    from scipy.ndimage import label

    corners = image[[0, 0, -1, -1], [0, -1, 0, -1]]
    none = np.zeros(image.shape, bool)
    if not (corners == corners[0]).all():
        return none
    pieces, _ = label(image == corners[0])
    edges = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    found = np.isin(pieces, np.unique(edges[edges > 0]))
    return found if LEAST_SHARE < found.mean() < 1 else none

"""Narrower windows about the same node, and one motion as each of them writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.strain.windows.normal_matrix import POWERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Triple = tuple[int, int, int]
_SHARES = (0.62, 0.43)
_SMALLEST = 7


def narrower_windows(window: Triple) -> list[Triple]:
    """Odd edges of about 0.62 and 0.43 of a window, none below 7 voxels.

    >>> narrower_windows((21, 21, 21))
    [(13, 13, 13), (9, 9, 9)]
    """
    out = [window]
    for share in _SHARES:
        slim = narrower_window(window, share)
        if slim != out[-1]:
            out.append(slim)
    return out[1:]


def narrower_window(window: Triple, share: float) -> Triple:
    """Odd edges of about a share of a window, none below 7 voxels unless the window's are."""
    z, y, x = (min(w, max(_SMALLEST, 2 * round((share * w - 1) / 2) + 1)) for w in window)
    return z, y, x


def in_window(motion: NDArray[np.float64], window: Triple, other: Triple) -> NDArray[np.float64]:
    """Write polynomials ``(..., 3, 10)`` of the offsets in a window in those of another one."""
    ratio = np.divide(np.array(other) // 2, np.array(window) // 2)
    return np.asarray(motion * np.prod(ratio**POWERS, axis=1))

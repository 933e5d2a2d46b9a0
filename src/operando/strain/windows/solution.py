"""What the solver found in the windows of many nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Solution:
    """What the solver found at N nodes; index 0 is order 1, index 1 is order 2.

    ``motion (N, 2, 3, 10)`` polynomial of the motion in the window, ``variance (N, 2, 3)`` of the
    displacement of its centre, ``code``, ``zncc``, ``iterations``, ``noise`` (grey variance of one
    frame) and ``coverage``, each ``(N, 2)``; ``contrast (N, 4)``: grey variance and mean squares of
    the derivatives in the window.
    """

    motion: NDArray[np.float64]
    variance: NDArray[np.float64]
    numbers: NDArray[np.float64]
    contrast: NDArray[np.float64]

    @property
    def code(self) -> NDArray[np.float64]:
        """Why the solver ended."""
        return self.numbers[..., 0]

    @property
    def zncc(self) -> NDArray[np.float64]:
        """Zero-normalised correlation coefficient."""
        return self.numbers[..., 1]

    @property
    def iterations(self) -> NDArray[np.float64]:
        """Iterations used."""
        return self.numbers[..., 2]

    @property
    def noise(self) -> NDArray[np.float64]:
        """Grey noise variance of one frame."""
        return self.numbers[..., 3]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the window that was used."""
        return self.numbers[..., 4]

    @classmethod
    def empty(cls, n: int) -> Solution:
        """Make room for n nodes that are not solved yet."""
        return cls(
            np.full((n, 2, 3, 10), np.nan),
            np.full((n, 2, 3), np.inf),
            np.full((n, 2, 5), np.nan),
            np.zeros((n, 4)),
        )

    def put(self, nodes: NDArray[np.integer[Any]], other: Solution) -> None:
        """Replace some nodes by another solution of them."""
        for name in ("motion", "variance", "numbers", "contrast"):
            getattr(self, name)[nodes] = getattr(other, name)

    def take(self, nodes: NDArray[Any]) -> Solution:
        """Return some of the nodes."""
        return Solution(
            self.motion[nodes], self.variance[nodes], self.numbers[nodes], self.contrast[nodes]
        )

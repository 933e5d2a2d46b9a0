"""What to think of each node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import NodeStatus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.field.usual_noise import UsualNoise
    from operando.strain.windows.solution import Solution


@dataclass(frozen=True)
class Verdict:
    """One value a node from the two orders, and what to think of it.

    ``order (N,)`` 1 or 2; ``displacement``, ``variance`` ``(N, 3)``; ``zncc``, ``noise`` (grey
    variance of one frame), ``excess`` (residual variance over the usual one), ``misfit`` (distance
    from the neighbours in standard deviations), ``status`` ``(N,)``; ``prediction (N, 3)`` from the
    neighbours; the usual noise, and the limit of ``excess`` for sound nodes.
    """

    order: NDArray[np.integer]
    displacement: NDArray[np.float64]
    variance: NDArray[np.float64]
    zncc: NDArray[np.float64]
    noise: NDArray[np.float64]
    excess: NDArray[np.float64]
    misfit: NDArray[np.float64]
    prediction: NDArray[np.float64]
    status: NDArray[np.int64]
    usual: UsualNoise
    limit: float

    @property
    def sound(self) -> NDArray[np.bool_]:
        """Nodes that can be trusted."""
        return np.isin(self.status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Nodes that deserve a second start."""
        return np.isin(
            self.status,
            (NodeStatus.NOT_CONVERGED, NodeStatus.LOW_CORRELATION, NodeStatus.OUTLIER),
        )

    def gradient(self, solution: Solution, window: tuple[int, ...]) -> NDArray[np.float64]:
        """Gradient that the windows found themselves, ``(N, 3, 3)``."""
        own = solution.motion[np.arange(len(self.order)), self.order - 1, :, 1:4]
        return np.asarray(own / np.maximum(np.array(window) // 2, 1))

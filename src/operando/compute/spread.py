"""How far values scatter, whatever a few of them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAD_TO_SIGMA = 1.4826


def robust_sigma(values: NDArray[Any]) -> float:
    """Estimate the spread of finite values by their median deviation; 0 without any."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0
    return float(_MAD_TO_SIGMA * np.median(np.abs(known - np.median(known))))

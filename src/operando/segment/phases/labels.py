"""From probabilities to what is kept of them: labels, and shares in steps of 1/255."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def labels_of(probabilities: NDArray[Any]) -> NDArray[np.uint8]:
    """Most probable class of ``(K, ...)``, 1 to K; 0 where all are 0: nothing was imaged there."""
    labels = probabilities.argmax(axis=0).astype(np.uint8) + np.uint8(1)
    return np.where(probabilities.any(axis=0), labels, np.uint8(0))


def to_uint8(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scale probabilities 0..1 to 0..255, rounded."""
    return np.rint(probabilities * 255).astype(np.uint8)

"""Where a segmentation is sure that there is a particle.

A gap between particles that is thinner than a voxel is rarely labelled as one, but the probability
of the particles dips there. What is sure shows such gaps; what is not belongs to the particle
beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box

    Read = Callable[[Box], NDArray[np.bool_]]

SURE = 0.85
"""Probability from which a voxel is surely in a particle."""

LARGEST_DOUBT = 0.2
"""Share of the voxels that may be in doubt: a model that is never sure is asked for less."""

STEPS = 255
"""Probabilities are told apart in so many steps, as they are stored."""


def sure_part(read: Read, probability: Any, boxes: Iterable[Box]) -> Read:
    """Leave out of a solid what is in doubt.

    Parameters
    ----------
    read
        Gives a block of the solid.
    probability
        ``(Z, Y, X)`` of the phase of the solid, 0 to 1 or, as whole numbers, 0 to 255; an array
        that gives a NumPy array for a box of slices.
    boxes
        That cover the volume once.

    Returns
    -------
    Gives a block of what is sure.
    """
    counts = np.zeros(STEPS + 1, np.int64)
    for box in boxes:
        counts += np.bincount(_steps(probability[box])[read(box)], minlength=STEPS + 1)
    doubt = np.cumsum(counts) <= LARGEST_DOUBT * counts.sum()
    level = min(round(SURE * STEPS), int(doubt.sum()))

    def sure(box: Box) -> NDArray[np.bool_]:
        return np.asarray(read(box) & (_steps(probability[box]) >= level))

    return sure


def _steps(probability: Any) -> NDArray[np.uint8]:
    probability = np.asarray(probability)
    scale = STEPS if probability.dtype.kind == "f" else 1
    return np.asarray(np.rint(scale * probability), np.uint8)

"""Where there are particles, and how sure a segmentation is of it.

A gap between particles that is thinner than a voxel is rarely labelled as one, but the probability
of the particles dips there. What is sure shows such gaps; what is not belongs to the particle
beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

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

Shown = Literal["mask", "probability"]
"""What is known of a solid; what parts its particles was fitted to either."""

STEPS = 255
"""Probabilities are told apart in so many steps, as they are stored."""


@dataclass(frozen=True)
class Solid:
    """The solid of particles, read block by block.

    Parameters
    ----------
    sure
        Gives the mask ``(Z, Y, X)`` of what surely belongs to particles, of which they are parted.
    share
        Gives what a network is shown ``(Z, Y, X)``: how much of every voxel is solid, or how
        likely it is, 0 to 1.
    whole
        Gives the mask of all that belongs to particles, if that is more than what is sure.
    """

    sure: Read
    share: Callable[[Box], NDArray[Any]]
    whole: Read | None = None

    @property
    def shown(self) -> Shown:
        """What the network is shown."""
        return "mask" if self.whole is None else "probability"

    @classmethod
    def certain(cls, read: Read) -> Solid:
        """Take a mask for the truth."""
        return cls(read, read)

    @classmethod
    def likely(cls, read: Read, probability: Any, boxes: Iterable[Box]) -> Solid:
        """Take a mask for what is more likely solid than not; see `sure_part`.

        What was taken out of it by hand or by a repair is at most half likely.
        """

        def share(box: Box) -> NDArray[np.float32]:
            shares = np.divide(_steps(probability[box]), STEPS, dtype=np.float32)
            return np.minimum(shares, 0.5, out=shares, where=~read(box))

        return cls(sure_part(read, probability, boxes), share, read)


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
    if probability.dtype.kind == "f":
        probability = np.rint(STEPS * probability)
    return np.asarray(probability, np.uint8)

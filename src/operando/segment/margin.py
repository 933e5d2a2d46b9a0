"""A margin of one grey value around images, such as a circle of zeros, which passes for a phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.blocks import sample_slices
from operando.compute.margin import margin_of
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.nets.frames import Frames

LARGE_MARGIN = 0.05
"""Share that a margin has to fill of all slices alike; around a circle it is 0.21."""
MARGIN_FRAMES, MARGIN_SLICES = 3, 5
"""That are looked at for a margin."""


@dataclass(frozen=True)
class Margin:
    """What slices throughout some frames have in common.

    Parameters
    ----------
    mask
        ``(y, x)`` where it is.
    value
        Its grey value.
    """

    mask: NDArray[np.bool_]
    value: float

    @property
    def share(self) -> float:
        """Of a slice."""
        return float(self.mask.mean())


def find_margin(images: Frames, frames: Sequence[int]) -> Margin | None:
    """Find the margin that slices throughout these frames have; None if it is not large.

    Blank slices are passed over.
    """
    depth, height, width = images.volume_shape
    whole = slice(0, height), slice(0, width)
    mask, value = np.ones((height, width), bool), None
    for t in frames[:: -(-len(frames) // MARGIN_FRAMES)]:
        for z in sample_slices(depth, MARGIN_SLICES):
            image = images.read(t, (slice(z, z + 1), *whole), keep=False)[0, 0]
            if (image == image[0, 0]).all():
                continue
            mask &= margin_of(image)
            value = float(image[0, 0])
            if mask.mean() < LARGE_MARGIN:
                return None
    return None if value is None else Margin(mask, value)


def refuse_margin(margin: Margin | None, painted: NDArray[np.int64]) -> None:
    """Refuse images with a margin that carries no stroke.

    It would be taken for a phase, and moves the percentiles by which grey values are scaled.

    Parameters
    ----------
    margin
        Of the painted frames.
    painted
        ``(n, 3)`` painted voxels ``(z, y, x)``.

    Raises
    ------
    InputError
        If there is one and it is not painted.
    """
    if margin is not None and not margin.mask[tuple(painted[:, 1:].T)].any():
        raise InputError(
            f"A margin of the grey value {margin.value:g} fills {100 * margin.share:.0f} % of the "
            "slices and carries no stroke; it would pass for a phase and spoil the contrast",
            "clean first: Cut off the margin; or paint in it, if it is one of your classes",
        )

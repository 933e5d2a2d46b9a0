"""Grey values on one scale, so that brightness changes between frames do not matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.blocks import sample_slices
from operando.errors import InputError
from operando.nets.frames import imaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from operando.nets.frames import Frames

LIMIT = 4.0
"""Scaled grey values farther out are cut off."""
SAMPLED_SLICES = 12
SAMPLED_VOXELS = 2_000_000


@dataclass(frozen=True)
class GreyScale:
    """Grey values of one frame that become -1 and 1.

    Parameters
    ----------
    low, high
        ``(C,)`` one value per channel.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def apply(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Scale ``(C, z, y, x)`` to about -1 to 1; what lies far outside is cut off at 4 and -4.

        What was not imaged (NaN or infinity) becomes 0, as what lies around an image is to a
        network.
        """
        low, high = (ends.reshape(-1, 1, 1, 1) for ends in (self.low, self.high))
        scaled = np.empty(values.shape, np.float32)
        # In double precision, as large numbers may differ by little.
        np.subtract(values, low, out=scaled, dtype=np.float64)
        scaled *= (2 / (high - low)).astype(np.float32)
        scaled -= 1
        np.clip(scaled, -LIMIT, LIMIT, out=scaled)
        if values.dtype.kind == "f":
            scaled[~np.isfinite(values)] = 0
        return scaled


@dataclass(frozen=True)
class Normalise:
    """Scales what was read with the grey scale of its frame.

    Parameters
    ----------
    scales
        By frame.
    """

    scales: Mapping[int, GreyScale]

    def __call__(self, values: NDArray[Any], t: int) -> NDArray[np.float32]:
        """Scale ``(C, z, y, x)`` of frame `t`."""
        return self.scales[t].apply(values)


def grey_scale(frames: Frames, t: int, percentiles: tuple[float, float] = (1.0, 99.0)) -> GreyScale:
    """Measure the grey scale of one frame from slices spread evenly over it.

    What was not imaged (NaN or infinity) does not count, nor do blank slices. Assumes that frames
    of one study show much the same mixture of phases, so that percentiles move with brightness and
    contrast and with little else.

    Raises
    ------
    InputError
        If nothing was imaged in these slices.
    """
    _, channels, depth, height, width = frames.shape
    slices = sample_slices(depth, SAMPLED_SLICES)
    step = max(1, int(np.sqrt(len(slices) * height * width / SAMPLED_VOXELS)))
    plane = (slice(0, height), slice(0, width))
    sampled = []
    for z in slices:
        values = frames.read(t, (slice(z, z + 1), *plane), keep=False)
        values = values[:, 0, ::step, ::step].reshape(channels, -1)
        values = values[:, imaged(values)]
        sampled.append(values.astype(float) if values.dtype.kind != "f" else values)
    shown = [values for values in sampled if values.size and np.ptp(values, axis=1).any()]
    known = np.concatenate(shown or sampled, axis=1)
    if not known.size:
        raise InputError(
            f"Frame {t} holds only NaN or infinity in the {len(slices)} slices that were looked at",
            "leave it out, or align it anew",
        )
    low, high = np.percentile(known, percentiles, axis=1).astype(np.float64)
    return GreyScale(low, np.where(high <= low, low + 1, high))

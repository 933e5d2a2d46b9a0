"""Random changes to training patches that a network must not mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far patches are changed; grey values are scaled to about -1 to 1.

    Parameters
    ----------
    flip
        Mirror every axis with probability 1/2 and turn by 90 degrees in the plane.
    gain
        Largest relative change of contrast.
    offset
        Largest shift of brightness.
    gamma
        Largest relative change of the exponent.
    noise
        Largest standard deviation of added white noise.
    """

    flip: bool = True
    gain: float = 0.15
    offset: float = 0.1
    gamma: float = 0.15
    noise: float = 0.1

    def __call__(
        self,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Change one patch ``(C, Z, Y, X)`` and its labels ``(Z, Y, X)``; shapes are kept."""
        if self.flip:
            image, labels = _flip(image, labels, rng)
        shape = (image.shape[0], 1, 1, 1)
        exponent = np.exp(rng.uniform(-self.gamma, self.gamma, shape))
        gain = 1 + rng.uniform(-self.gain, self.gain, shape)
        offset = rng.uniform(-self.offset, self.offset, shape)
        unit = (image + 1) / 2
        bent = np.where(unit > 0, np.abs(unit) ** exponent, unit) * 2 - 1
        noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(0, self.noise)
        return (bent * gain + offset + noise).astype(np.float32), labels


def _flip(
    image: NDArray[np.float32], labels: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    axes = tuple(axis for axis in (-3, -2, -1) if rng.random() < 0.5)
    image, labels = np.flip(image, axes), np.flip(labels, axes)
    square = image.shape[-1] == image.shape[-2]
    turns = int(rng.integers(4)) if square else 0
    return np.rot90(image, turns, (-2, -1)), np.rot90(labels, turns, (-2, -1))

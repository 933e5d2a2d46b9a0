"""Let the borders of a segmentation follow the edges of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

REACH = 3
"""Voxels that are compared are at most so far apart along each axis, in shortest voxel edges."""

PAIRS = 8
"""Directions and distances that are drawn every time."""

TOLERANCE = 0.5
"""Difference of smoothed grey values at which voxels begin to look unlike, over the noise."""

LEAST_TOLERANCE = 0.02
"""Of the spread of the grey values, for images without noise."""

TYPICAL_DEVIATION = 0.6745
"""Median deviation of normally distributed values of spread 1."""


class EdgeLoss(nn.Module):
    """Voxels that are near and look alike should get alike probabilities.

    The energy of random walkers [Grady 2006] with the grey values' likeness for conductance,
    between voxels some steps apart as in the gated conditional random field of [Obukhov 2019].
    It costs nothing to change the class where the image changes. Strokes lie inside of
    things: this tells a network where things end. A difference of probabilities is what costs,
    not doubt, so that a network may stay unsure of a whole region.

    Parameters
    ----------
    spacing
        Edge lengths of a voxel ``(z, y, x)``; along a long edge fewer voxels are compared.
    seed
        Of the directions that are drawn.
    """

    def __init__(self, spacing: Sequence[float] = (1.0, 1.0, 1.0), seed: int = 0) -> None:
        super().__init__()
        self._reach = [round(REACH * min(spacing) / edge) for edge in spacing]
        self._random = torch.Generator().manual_seed(seed)

    def get_extra_state(self) -> Tensor:
        """Return the random state, as part of the `state_dict`."""
        return self._random.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """Take over the random state."""
        self._random.set_state(state)

    def forward(self, logits: Tensor, images: Tensor) -> Tensor:
        """Return the mean over alike pairs of the squared difference of probabilities.

        Shapes: logits ``(N, K, Z, Y, X)``, normalised images ``(N, C, Z, Y, X)``.
        """
        probability = logits.float().softmax(dim=1)
        images = images.float()
        tolerance = (TOLERANCE * noise_of(images)).clamp_min(LEAST_TOLERANCE)
        seen = smoothed(images) / tolerance
        cost = probability.new_zeros(())
        for step in self._steps(images.shape[2:]):
            unlike = (moved(seen, step) - moved(seen, [-s for s in step])).square().mean(dim=1)
            alike = torch.exp(-unlike / 2)
            differ = moved(probability, step) - moved(probability, [-s for s in step])
            apart = differ.square().sum(dim=1)
            cost = cost + (alike * apart).sum() / (alike.sum() + 1e-6) / PAIRS
        return cost

    def _steps(self, shape: Sequence[int]) -> list[list[int]]:
        """Draw by how many voxels the two of a pair are apart, never by none."""
        reach = [min(r, n - 1) for r, n in zip(self._reach, shape, strict=True)]
        if not any(reach):
            return []
        steps: list[list[int]] = []
        while len(steps) < PAIRS:
            drawn = [
                int(torch.randint(-r, r + 1, (1,), generator=self._random)) if r else 0
                for r in reach
            ]
            if any(drawn):
                steps.append(drawn)
        return steps


def noise_of(images: Tensor) -> Tensor:
    """Spread of white noise ``(N, C, 1, 1, 1)``, from second differences along x [Immerkaer 1996].

    Shapes: images ``(N, C, Z, Y, X)``; less than three voxels along x have none.
    """
    curvature = images[..., :-2] - 2 * images[..., 1:-1] + images[..., 2:]
    if not curvature.numel():
        return images.new_zeros((*images.shape[:2], 1, 1, 1))
    # On graphics cards sorting repeats bit by bit, the median of torch does not.
    deviation = curvature.abs().flatten(2).sort(dim=2).values
    typical = deviation[..., (deviation.shape[-1] - 1) // 2] / TYPICAL_DEVIATION
    return (typical / 6**0.5)[..., None, None, None]


def smoothed(images: Tensor) -> Tensor:
    """Images ``(N, C, Z, Y, X)`` blurred by (1, 2, 1) / 4 along every axis that has neighbours."""
    for axis in range(2, 5):
        n = images.shape[axis]
        if n > 1:
            pad = [0, 0] * (4 - axis) + [1, 1]
            wide = functional.pad(images, pad + [0, 0] * (axis - 2), mode="replicate")
            low, high = wide.narrow(axis, 0, n), wide.narrow(axis, 2, n)
            images = (low + 2 * images + high) / 4
    return images


def moved(values: Tensor, step: Sequence[int]) -> Tensor:
    """Those voxels of ``(N, C, Z, Y, X)`` that have a partner `step` voxels back."""
    for axis, s in enumerate(step, start=2):
        values = values.narrow(axis, max(s, 0), values.shape[axis] - abs(s))
    return values

"""A network that asks a random forest where it is unsure."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from torch import Tensor, nn

from operando.nets.architecture import build
from operando.nets.forest import Forest

if TYPE_CHECKING:
    from operando.nets.architecture import Architecture

SURE = 0.9
"""Probability from which the network is not questioned."""


class SecondOpinion(nn.Module):
    """Product of two experts [Hinton 2002], the second of which is asked where it matters.

    A network knows what electrodes look like, a forest knows only the grey values and textures
    of the strokes: they err in different voxels. Where the best class of the network has a
    probability under `SURE`, the answer is the geometric mean of both.

    Shapes: ``(N, C, Z, Y, X)`` to logits ``(N, K, Z, Y, X)``. Parameters are those of the
    network; the forest has none and cannot learn by gradients.

    Parameters
    ----------
    architecture
        Of the network.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.network = build(replace(architecture, second_opinion=False))
        self.forest = Forest(architecture)

    def features(self, x: Tensor) -> Tensor:
        """Return what the head of the network sees."""
        answer: Tensor = self.network.features(x)  # type: ignore[operator]
        return answer

    def forward(self, x: Tensor) -> Tensor:
        """Return what a softmax turns into the probability of every class in every voxel."""
        answer: Tensor = self.network(x).float().log_softmax(dim=1)
        unsure = answer.amax(dim=1) < log(SURE)
        by_voxel = answer.movedim(1, -1)
        by_voxel[unsure] = (by_voxel[unsure] + self.forest.log_probability(x, unsure)) / 2
        return answer

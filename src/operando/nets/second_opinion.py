"""A network that asks a random forest and a regression where it is unsure."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from operando.nets.architecture import build
from operando.nets.forest import Forest, features_where, in_every_voxel
from operando.nets.regression import Regression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from operando.nets.architecture import Architecture

SURE = 0.9
"""Probability from which the network is not questioned."""
OPINIONS = ("network", "forest", "regression")


class SecondOpinion(nn.Module):
    """Product of experts [Hinton 2002], two of which are asked only where it matters.

    A network knows what electrodes look like, a forest and a regression know only the grey values
    and textures of the strokes: they err in different voxels. Where the best class of the network
    has a probability under `SURE`, the answer is the geometric mean of all, weighted by `trust`.

    Shapes: ``(N, C, Z, Y, X)`` to logits ``(N, K, Z, Y, X)``. Parameters are those of the
    network; the others have none and cannot learn by gradients.

    Parameters
    ----------
    architecture
        Of the network.

    Attributes
    ----------
    trust
        ``(3,)`` weights of the `OPINIONS`, adding up to 1.
    """

    trust: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.network = build(replace(architecture, second_opinion=False))
        self.forest = Forest(architecture)
        self.regression = Regression(architecture)
        self.register_buffer("trust", torch.tensor([0.5, 0.5, 0.0]))

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *arguments: Any
    ) -> None:
        """Models that were kept before there was a regression do without one."""
        for name, values in self.state_dict().items():
            if name == "trust" or name.startswith("regression."):
                state_dict.setdefault(prefix + name, values)  # type: ignore[attr-defined]
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def features(self, x: Tensor) -> Tensor:
        """Return what the head of the network sees."""
        answer: Tensor = self.network.features(x)  # type: ignore[operator]
        return answer

    def opinions(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Give what each of the `OPINIONS` answers alone, of the shapes of `forward`."""
        return self.network, self.forest, self._regress

    def _regress(self, x: Tensor) -> Tensor:
        return in_every_voxel(self.regression, x, self.forest.spacing)

    def forward(self, x: Tensor) -> Tensor:
        """Return what a softmax turns into the probability of every class in every voxel."""
        answer: Tensor = self.network(x).float().log_softmax(dim=1)
        unsure = answer.amax(dim=1) < log(SURE)
        by_voxel = answer.movedim(1, -1)
        rows = torch.from_numpy(features_where(x, unsure, self.forest.spacing))
        opinions = (
            by_voxel[unsure],
            self.forest.vote(rows).to(x.device),
            self.regression(rows).to(x.device),
        )
        trust = self.trust.float()
        by_voxel[unsure] = sum(
            (t * opinion for t, opinion in zip(trust, opinions, strict=True)),
            torch.zeros_like(opinions[0]),
        )
        return answer

"""Tell a network that has learnt what its classes look like this time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH = 64


class Conditioner(nn.Module):
    """Changes normalisations and the last layer of a network by what is known beforehand.

    Feature-wise linear modulation [Perez 2018], but of the weights: once told, the network is
    one of its kind like any other, and as fast. What is typical changes nothing.

    Parameters
    ----------
    network
        Whose weights will be changed: those of its batch normalisations and of its `head`.
    typical
        ``(n,)`` what it is told of a typical image of which nothing is known.
    """

    typical: Tensor

    def __init__(self, network: nn.Module, typical: Tensor) -> None:
        super().__init__()
        self.register_buffer("typical", typical)
        weights = dict(network.named_parameters())
        self._shapes = {name: weights[name].shape for name in _changeable(network)}
        outputs = sum(shape.numel() for shape in self._shapes.values())
        last = nn.Linear(WIDTH, outputs)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Linear(len(typical), WIDTH),
            nn.GELU(),
            nn.Linear(WIDTH, WIDTH),
            nn.GELU(),
            last,
        )

    def forward(self, known: Tensor, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights of the network after it was told `known` ``(n,)``."""
        change = self.layers(known) - self.layers(self.typical)
        sizes = [shape.numel() for shape in self._shapes.values()]
        changed = dict(weights)
        for (name, shape), part in zip(self._shapes.items(), change.split(sizes), strict=True):
            scales = name.endswith(".weight") and not name.startswith("head.")
            before, by = weights[name], part.reshape(shape)
            changed[name] = before * (1 + by) if scales else before + by
        return changed


def _changeable(network: nn.Module) -> list[str]:
    norms = [
        f"{name}.{part}"
        for name, module in network.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for part in ("weight", "bias")
    ]
    return [*norms, "head.weight", "head.bias"]

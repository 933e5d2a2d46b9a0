from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from operando.nets.architecture import Architecture, build, plan_levels
from operando.nets.conditioning import Conditioner


@pytest.fixture
def network() -> nn.Module:
    kernels, strides = plan_levels((8, 8, 8), levels=2)
    architecture = Architecture(
        network="unet3d", in_channels=1, n_classes=2, width=4, kernels=kernels, strides=strides
    )
    return build(architecture, 0).eval()


def told(network: nn.Module, conditioner: Conditioner, known: torch.Tensor) -> dict[str, object]:
    return {**conditioner(known, dict(network.named_parameters())), **dict(network.named_buffers())}


def test_what_is_typical_changes_nothing(network: nn.Module) -> None:
    typical = torch.tensor([0.5, -1.0, 2.0])
    conditioner = Conditioner(network, typical)
    for parameter in conditioner.parameters():
        nn.init.normal_(parameter)
    weights = dict(network.named_parameters())
    for name, values in conditioner(typical, weights).items():
        torch.testing.assert_close(values, weights[name], rtol=0, atol=0)


def test_filters_stay_as_they_are(network: nn.Module) -> None:
    conditioner = Conditioner(network, torch.zeros(3))
    for parameter in conditioner.parameters():
        nn.init.normal_(parameter)
    weights = dict(network.named_parameters())
    changed = conditioner(torch.ones(3), weights)
    assert changed.keys() == weights.keys()
    for name, values in changed.items():
        filters = values.ndim == 5 and not name.startswith("head.")
        assert values.shape == weights[name].shape
        assert torch.equal(values, weights[name]) == filters, name


def test_learns_what_no_image_shows(network: nn.Module) -> None:
    """The same images are of one class or the other, by what is told alone."""
    torch.manual_seed(0)
    conditioner = Conditioner(network, torch.zeros(1))
    optimiser = torch.optim.Adam(conditioner.parameters(), 1e-2)

    def answer(known: float) -> torch.Tensor:
        state = told(network, conditioner, torch.tensor([known]))
        return torch.func.functional_call(network, state, (torch.randn(2, 1, 8, 8, 8),))

    truth = torch.cat([torch.zeros(2, 8, 8, 8), torch.ones(2, 8, 8, 8)]).long()
    for _ in range(40):
        loss = functional.cross_entropy(torch.cat([answer(-1.0), answer(1.0)]), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (answer(-1.0).argmax(1) == 0).float().mean() > 0.95
    assert (answer(1.0).argmax(1) == 1).float().mean() > 0.95

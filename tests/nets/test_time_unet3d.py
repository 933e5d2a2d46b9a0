from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from operando.nets.architecture import Architecture, build, plan_levels

KERNELS, STRIDES = plan_levels((16, 32, 32))
TIME = Architecture(
    network="unet3d_time", in_channels=6, n_classes=3, width=4, kernels=KERNELS, strides=STRIDES
)
SINGLE = replace(TIME, network="unet3d", in_channels=2)


@pytest.fixture
def network() -> torch.nn.Module:
    return build(TIME).eval()


@pytest.fixture
def learnt(network: torch.nn.Module) -> torch.nn.Module:
    """A network that gives weight to the frames before and after."""
    generator = torch.Generator().manual_seed(0)
    for compare in network.comparison:
        compare[-1].weight.data.normal_(0, 0.1, generator=generator)
    return network


def test_starts_as_the_network_of_single_frames(network: torch.nn.Module) -> None:
    single = build(SINGLE).eval()
    shared = {k: v for k, v in network.state_dict().items() if not k.startswith("comparison")}
    single.load_state_dict(shared)
    images = torch.randn(2, 6, 9, 31, 17)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), single(images[:, 2:4]))


def test_still_series_are_as_single_frames_whatever_was_learnt(learnt: torch.nn.Module) -> None:
    """Nothing moved, nothing to compare: only differences between frames count."""
    single = build(SINGLE).eval()
    single.load_state_dict(
        {k: v for k, v in learnt.state_dict().items() if not k.startswith("comparison")}
    )
    image = torch.randn(1, 2, 16, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(learnt(image.repeat(1, 3, 1, 1, 1)), single(image))


def test_sees_the_frames_before_and_after(learnt: torch.nn.Module) -> None:
    image = torch.randn(1, 6, 16, 32, 32)
    with torch.inference_mode():
        answer = learnt(image)
        for channel in (0, 5):
            changed = image.clone()
            changed[:, channel] += 1
            assert (learnt(changed) - answer).abs().max() > 1e-3


def test_every_parameter_takes_part(learnt: torch.nn.Module) -> None:
    learnt.train()(torch.randn(1, 6, 16, 32, 32)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learnt.parameters())


def test_default_size() -> None:
    kernels, strides = plan_levels((24, 64, 64), levels=4)
    network = build(replace(TIME, in_channels=3, width=16, kernels=kernels, strides=strides))
    assert 1.1e6 < sum(p.numel() for p in network.parameters()) < 1.2e6

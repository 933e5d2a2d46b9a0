from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from operando.nets.architecture import Architecture, build

NETWORK = Architecture(
    network="separable",
    in_channels=2,
    n_classes=3,
    width=16,
    kernels=((3, 3, 3),) * 3,
    strides=((2, 2, 2),) * 2,
)


@pytest.mark.parametrize("shape", [(8, 16, 16), (5, 9, 11)])
def test_answers_in_the_shape_of_the_image(shape: tuple[int, int, int]) -> None:
    assert build(NETWORK).eval()(torch.zeros(1, 2, *shape)).shape == (1, 3, *shape)


def test_size_and_use_of_every_parameter() -> None:
    net = build(NETWORK).eval()
    n = sum(p.numel() for p in net.parameters())
    full = sum(p.numel() for p in build(replace(NETWORK, network="unet3d")).parameters())
    assert 2.9e4 < n < 3.1e4 < full / 8
    net(torch.randn(1, 2, 8, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_slices_stay_flat() -> None:
    flat = replace(NETWORK, kernels=((1, 3, 3),) * 3, strides=((1, 2, 2),) * 2)
    net = build(flat).eval()
    pair = torch.randn(1, 2, 2, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(net(pair)[:, :, :1], net(pair[:, :, :1]))

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from operando.nets.architecture import Architecture, build

NETWORK = Architecture(
    network="lrcsnet",
    in_channels=1,
    n_classes=3,
    width=16,
    kernels=((3, 3, 3),) * 4,
    strides=((2, 2, 2),) * 3,
)


@pytest.mark.parametrize("shape", [(8, 16, 16), (9, 17, 20)])
def test_answers_in_the_shape_of_the_image(shape: tuple[int, int, int]) -> None:
    assert build(NETWORK).eval()(torch.zeros(1, 1, *shape)).shape == (1, 3, *shape)


def test_size_and_use_of_every_parameter() -> None:
    net = build(NETWORK).eval()
    assert 6.5e5 < sum(p.numel() for p in net.parameters()) < 6.7e5
    net(torch.randn(1, 1, 16, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_encoder_has_one_convolution_per_level_and_decoder_two() -> None:
    net = build(NETWORK)
    kernels = [m for m in net.modules() if isinstance(m, torch.nn.Conv3d)]
    assert len(kernels) == 3 + 1 + 2 * 4 + 1
    assert [level[0].out_channels for level in net.encoder] == [32, 32, 64]


def test_slices_stay_flat() -> None:
    flat = replace(NETWORK, kernels=((1, 3, 3),) * 4, strides=((1, 2, 2),) * 3)
    net = build(flat).eval()
    pair = torch.randn(1, 1, 2, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(net(pair)[:, :, :1], net(pair[:, :, :1]))

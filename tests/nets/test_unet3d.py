from __future__ import annotations

import pytest
import torch

from operando.nets.architecture import Architecture, build, plan_levels


def network(shape: tuple[int, int, int], channels: int = 1, width: int = 4) -> torch.nn.Module:
    kernels, strides = plan_levels(shape)
    return build(
        Architecture(
            network="unet3d",
            in_channels=channels,
            n_classes=3,
            width=width,
            kernels=kernels,
            strides=strides,
        )
    ).eval()


@pytest.mark.parametrize("shape", [(16, 32, 32), (9, 31, 17), (1, 40, 40), (5, 5, 5)])
def test_answers_in_the_shape_of_the_image(shape: tuple[int, int, int]) -> None:
    net = network((16, 32, 32) if shape[0] > 1 else shape, channels=2)
    assert net(torch.zeros(2, 2, *shape)).shape == (2, 3, *shape)


def test_default_size() -> None:
    net = network((32, 64, 64), width=16)
    assert 2.5e5 < sum(p.numel() for p in net.parameters()) < 2.7e5


def test_every_parameter_takes_part() -> None:
    net = network((16, 32, 32))
    net(torch.randn(1, 1, 16, 32, 32)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_far_away_voxels_do_not_matter() -> None:
    """An answer depends on its surroundings only, so windows can be predicted one by one."""
    net = network((16, 32, 32))
    image = torch.randn(1, 1, 16, 160, 16)
    changed = image.clone()
    changed[..., 120:, :] = 0
    with torch.inference_mode():
        torch.testing.assert_close(net(image)[..., :40, :], net(changed)[..., :40, :])

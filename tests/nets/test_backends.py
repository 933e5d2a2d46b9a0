from __future__ import annotations

import numpy as np
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.backends import fold_normalisation, torch_backend


def network() -> torch.nn.Module:
    net = build(
        Architecture(
            network="unet3d",
            in_channels=1,
            n_classes=3,
            width=4,
            kernels=((3, 3, 3), (3, 3, 3)),
            strides=((2, 2, 2),),
        )
    )
    net.train()
    for _ in range(3):
        net(torch.randn(2, 1, 8, 16, 16) * 3 + 1)
    return net.eval()


def test_folding_changes_the_speed_only() -> None:
    net = network()
    image = torch.randn(1, 1, 8, 16, 16)
    folded = fold_normalisation(net)
    assert not any(isinstance(m, torch.nn.BatchNorm3d) for m in folded.modules())
    assert any(isinstance(m, torch.nn.BatchNorm3d) for m in net.modules())
    torch.testing.assert_close(folded(image), net(image), atol=1e-4, rtol=1e-4)


def test_gives_probabilities() -> None:
    net = network()
    windows = np.random.default_rng(0).standard_normal((2, 1, 8, 16, 16), np.float32)
    answer = torch_backend(net)(windows)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(1), 1, atol=1e-5)
    expected = net(torch.from_numpy(windows)).softmax(1).detach().numpy()
    np.testing.assert_allclose(answer, expected, atol=1e-4)

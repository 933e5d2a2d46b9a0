from __future__ import annotations

import numpy as np
import pytest
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.backends import (
    WindowTooLarge,
    computes_in_bfloat16,
    fold_normalisation,
    run_on,
    torch_backend,
)


@pytest.fixture
def network(small_unet: Architecture) -> torch.nn.Module:
    net = build(small_unet)
    net.train()
    for _ in range(3):
        net(torch.randn(2, 1, 8, 16, 16) * 3 + 1)
    return net.eval()


def test_folding_changes_the_speed_only(network: torch.nn.Module) -> None:
    image = torch.randn(1, 1, 8, 16, 16)
    folded = fold_normalisation(network)
    assert not any(isinstance(m, torch.nn.BatchNorm3d) for m in folded.modules())
    assert any(isinstance(m, torch.nn.BatchNorm3d) for m in network.modules())
    torch.testing.assert_close(folded(image), network(image), atol=1e-4, rtol=1e-4)


def test_gives_probabilities(network: torch.nn.Module) -> None:
    windows = np.random.default_rng(0).standard_normal((2, 1, 8, 16, 16), np.float32)
    answer = torch_backend(network)(windows)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(1), 1, atol=1e-5)
    expected = network(torch.from_numpy(windows)).softmax(1).detach().numpy()
    np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_half_precision_stays_near(network: torch.nn.Module) -> None:
    windows = np.random.default_rng(0).standard_normal((1, 1, 8, 16, 16), np.float32)
    answer = torch_backend(network, half=True)(windows)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer.sum(1), 1, atol=1e-5)
    # bfloat16 keeps 8 bits of every factor
    np.testing.assert_allclose(answer, torch_backend(network)(windows), atol=0.05)


def test_bfloat16_is_for_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for features, able in (
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True, "avx512_bf16": False}, True),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, False),
        ({}, False),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda f=features: f)
        assert computes_in_bfloat16("cpu") is able
    assert not computes_in_bfloat16("mps")


class Greedy(torch.nn.Module):
    """Asks for a petabyte."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**50) + x


def test_full_memory_is_told_from_other_errors() -> None:
    windows = np.zeros((1, 1, 2, 4, 4), np.float32)
    with pytest.raises(WindowTooLarge, match=r"\(2, 4, 4\) voxels does not fit .* of cpu"):
        run_on(Greedy())(windows)
    with pytest.raises(RuntimeError, match="channels"):
        run_on(torch.nn.Conv3d(2, 1, 1))(windows)

from __future__ import annotations

import numpy as np
import pytest
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.backends import WindowTooLarge, run_on, torch_backend
from operando.nets.halving import halve_when_full


class SmallDevice(torch.nn.Module):
    """A network on a device that holds so many voxels; it notes the windows that it computed."""

    def __init__(self, network: torch.nn.Module, voxels: int) -> None:
        super().__init__()
        self.network = network
        self.voxels = voxels
        self.tried: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.tried.append(tuple(x.shape[2:]))
        if x[0, 0].numel() > self.voxels:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.network(x)


@pytest.fixture(scope="module")
def network(small_unet: Architecture) -> torch.nn.Module:
    return build(small_unet).eval()


@pytest.fixture(scope="module")
def window() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 1, 16, 64, 48), np.float32)


def test_goes_on_with_halves_when_the_memory_is_full(
    network: torch.nn.Module, window: np.ndarray
) -> None:
    device = SmallDevice(network, 16 * 48 * 48)
    answer = halve_when_full(run_on(device))(window)
    whole = torch_backend(device.network)(window)
    # the shared eighth, 8 voxels, is more than this network sees: the cut leaves no trace
    np.testing.assert_allclose(answer, whole, atol=1e-5)
    assert device.tried == [(16, 64, 48), (16, 48, 48), (16, 48, 48)]


def test_halves_again_and_remembers_what_did_not_fit(
    network: torch.nn.Module, window: np.ndarray
) -> None:
    device = SmallDevice(network, 16 * 48 * 32)
    run = halve_when_full(run_on(device))
    np.testing.assert_allclose(run(window).sum(1), 1, atol=1e-5)
    too_large = [shape for shape in device.tried if np.prod(shape) > device.voxels]
    assert len(too_large) == len(set(too_large))
    assert all(np.prod(shape) <= device.voxels for shape in device.tried[len(too_large) :])
    device.tried.clear()
    run(window)
    assert all(np.prod(shape) <= device.voxels for shape in device.tried)


def test_gives_up_with_a_sentence_when_nothing_fits(
    network: torch.nn.Module, window: np.ndarray
) -> None:
    with pytest.raises(WindowTooLarge, match=r"window of \(16, .* does not fit into the memory"):
        halve_when_full(run_on(SmallDevice(network, 10)))(window)


def test_windows_of_slices_are_halved_in_their_plane() -> None:
    device = SmallDevice(torch.nn.Identity(), 48 * 64)
    window = np.random.default_rng(0).standard_normal((1, 2, 1, 64, 64), np.float32)
    answer = halve_when_full(run_on(device))(window)
    np.testing.assert_allclose(answer, torch.from_numpy(window).softmax(1), atol=1e-6)

from __future__ import annotations

import numpy as np
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.window_size import fit_window, memory_per_voxel


def test_window_fits_into_half_of_the_free_memory(small_unet: Architecture) -> None:
    per_voxel = memory_per_voxel(small_unet)
    wanted = (48, 128, 128)
    assert fit_window(wanted, per_voxel, 64 * 2**30) == wanted
    for megabytes in (400, 100, 20):
        smaller = fit_window(wanted, per_voxel, megabytes * 2**20)
        assert np.prod(smaller) * per_voxel <= megabytes * 2**19
        assert np.prod(smaller) * per_voxel > megabytes * 2**17
    assert fit_window(wanted, per_voxel, 1) == (24, 16, 16)


def test_networks_take_no_more_memory_than_reckoned(small_unet: Architecture) -> None:
    """What torch allocates and has not freed yet, followed through a window."""
    window = torch.randn(1, 1, 16, 32, 32)
    network = build(small_unet).eval()
    with (
        torch.inference_mode(),
        torch.profiler.profile(
            activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
        ) as profile,
    ):
        network(window).softmax(1)
    held, most = 0, 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    assert 0 < most <= memory_per_voxel(small_unet) * window.numel()

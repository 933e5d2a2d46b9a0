from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.data.displacement import NodeStatus
from operando.strain import CorrelationSettings, correlate
from operando.strain.grid.nodes import grid_points, node_axes
from operando.strain.volumes.frames import Frames
from operando.strain.windows.noise_colour import (
    common_inflation,
    noise_inflation,
    quiet_windows,
)
from operando.strain.windows.solver import solve_windows

WINDOW = (21, 21, 21)
SHIFT = np.array([0.37, -0.21, 0.45])


def noisy(texture, shift, width: float, seed: int, strength: float = 0.06) -> np.ndarray:
    """Moved texture with noise that is alike over so many voxels (standard deviation)."""
    noise = np.random.default_rng(seed).normal(size=texture.shape)
    shared = gaussian_filter(noise, width) if width else noise
    still = texture.render(lambda points: np.broadcast_to(shift, points.shape))
    return (still + strength * shared / shared.std()).astype(np.float32)


def solved(first, second, **masks):
    frames = Frames(*((v - v.mean()) / v.std() for v in (first, second)), **masks)
    points = grid_points(node_axes(first.shape, (6, 6, 6), WINDOW))
    start = np.zeros((len(points), 3, 10))
    return frames, points, solve_windows(frames, points, start, WINDOW, orders=(True, True))


@pytest.mark.parametrize("width", [0, 0.5, 0.8])
def test_it_is_the_variance_that_is_found_over_that_of_white_noise(texture, width) -> None:
    actual, told = [], []
    for seed in range(3):
        pair = noisy(texture, 0 * SHIFT, width, seed), noisy(texture, SHIFT, width, 10 + seed)
        frames, points, solution = solved(*pair)
        error = solution.motion[:, 0, :, 0] - SHIFT
        actual.append((error**2).mean() / solution.variance[:, 0].mean())
        quiet = quiet_windows(solution)[::6]
        told.append(
            noise_inflation(frames, points[quiet], solution.motion[quiet, 1], WINDOW).mean()
        )
    assert np.mean(told) == pytest.approx(np.mean(actual), rel=0.2)
    assert (np.mean(told) > 2) == (width > 0.4)


def test_what_is_masked_is_not_listened_to(texture) -> None:
    pair = [noisy(texture, s, 0.6, seed) for s, seed in ((0 * SHIFT, 1), (SHIFT, 2))]
    frames, points, solution = solved(*pair)
    expected = noise_inflation(frames, points[:3], solution.motion[:3, 1], WINDOW)
    mask = np.ones(texture.shape, bool)
    mask[:8] = False
    stained = frames.reference.copy()
    stained[:8] = 5
    masked = Frames(stained, frames.grey, mask)
    found = noise_inflation(masked, points[:3], solution.motion[:3, 1], WINDOW)
    np.testing.assert_allclose(found, expected, rtol=0.2)


@pytest.mark.parametrize("strength", [0.06, 0.25])
def test_shared_noise_is_taken_for_noise_and_not_for_motion(texture, strength) -> None:
    """A plain shift stays one: windows of order 1, none narrowed, errors as they are."""
    pair = [noisy(texture, s, 0.8, seed, strength) for s, seed in ((0 * SHIFT, 1), (SHIFT, 2))]
    field = correlate(*pair, spacing=8)
    straight = correlate(*pair, spacing=8, settings=CorrelationSettings(order="affine"))
    error, least = (np.sqrt(((f.displacement - SHIFT) ** 2).mean()) for f in (field, straight))
    assert field.valid.all()
    assert not (field.status == NodeStatus.NARROWED).any()
    assert error < 1.2 * least
    assert np.sqrt((field.sigma**2).mean()) == pytest.approx(error, rel=0.35)


def test_most_windows_are_believed_and_none_lowers_errors() -> None:
    shares = np.array([[2.0, 0.8, 5.0], [2.2, 0.9, 5.5], [np.nan, 1.0, 1.0], [90.0, 0.7, 6.0]])
    assert common_inflation(shares).tolist() == [2.2, 1, 5.5]
    assert common_inflation(shares[2:3]).tolist() == [1, 1, 1]

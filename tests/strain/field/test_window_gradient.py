from __future__ import annotations

import numpy as np
import pytest

from operando.strain.field.gradient import Layout
from operando.strain.field.window_gradient import WindowGradient
from operando.strain.grid.nodes import grid_points

HALF, SPACING, NOISE, WAVE = 6, 8, 1e-5, 2 * np.pi / 90
LAYOUT = Layout((7, 7, 7), (SPACING,) * 3, (2 * HALF + 1,) * 3)
NODES = grid_points([SPACING * np.arange(7)] * 3)
VALID = np.ones(len(NODES), bool)


def at_nodes() -> np.ndarray:
    """Gradient of u_x = sin(k x), u_y = sin(k z)."""
    out = np.zeros((len(NODES), 3, 3))
    out[:, 2, 2] = WAVE * np.cos(WAVE * NODES[:, 2])
    out[:, 1, 0] = WAVE * np.cos(WAVE * NODES[:, 0])
    return out


@pytest.fixture
def windows() -> WindowGradient:
    """Slopes that least squares find for this motion over the voxels of each window."""
    offsets = np.arange(-HALF, HALF + 1)
    seen = np.zeros((len(NODES), 3, 3))
    for i, j in ((2, 2), (1, 0)):
        values = np.sin(WAVE * (NODES[:, j, None] + offsets))
        seen[:, i, j] = values @ offsets / (offsets**2).sum()
    variance = np.full(seen.shape, NOISE**2)
    return WindowGradient(seen, variance, np.full((len(NODES), 3), float(HALF)))


def test_gradients_at_centres_are_less_damped_than_those_of_windows(
    windows: WindowGradient,
) -> None:
    found, variance = windows.at_centres(VALID, LAYOUT)
    error, before = found - at_nodes(), windows.seen - at_nodes()
    assert np.abs(error).max() < 0.6 * np.abs(before).max()
    assert np.sqrt((error**2).mean()) < 0.25 * np.sqrt((before**2).mean())
    assert (np.abs(error) < 2 * np.sqrt(variance)).all()


def test_windows_contradict_what_they_did_not_see(windows: WindowGradient) -> None:
    noisy = WindowGradient(windows.seen, np.full(windows.seen.shape, 1e-3**2), windows.half)
    assert not noisy.contradiction(at_nodes(), VALID, LAYOUT).any()
    wrong = at_nodes()
    wrong[100, 0, 0] = 0.05
    told = np.sqrt(noisy.contradiction(wrong, VALID, LAYOUT)[100, 0, 0])
    assert told == pytest.approx(0.05, rel=0.3)

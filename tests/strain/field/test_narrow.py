from __future__ import annotations

import numpy as np
import pytest

from operando.data import NodeStatus
from operando.strain import correlate
from operando.strain.field.narrow import Look, choose_windows

GRID = (6, 6, 6)
EDGES = (21.0, 13.0, 9.0)


def looks(bias, seed=0, sound=True):
    """Windows whose noise is nested and whose bias grows with the fourth power of the edge."""
    n, rng = int(np.prod(GRID)), np.random.default_rng(seed)
    variance = [(0.005 * (21 / e) ** 1.5) ** 2 for e in EDGES]
    noise = rng.normal(0, np.sqrt(variance[0]), (n, 3))
    out = []
    for k, edge in enumerate(EDGES):
        if k:
            noise = noise + rng.normal(0, np.sqrt(variance[k] - variance[k - 1]), (n, 3))
        u = noise + bias * (edge / EDGES[0]) ** 4
        good = np.full(n, sound if k == 0 else True)
        out.append(Look(np.arange(n), u, np.full((n, 3), variance[k]), good, edge))
    return out


def test_whole_windows_are_kept_without_bias():
    level, bias = choose_windows(looks(0.0), GRID)
    assert (level == 0).mean() > 0.95
    assert np.sqrt(bias[level == 0].mean()) < 0.005


@pytest.mark.parametrize(("bias", "expected"), [(0.03, 1), (0.4, 2)])
def test_window_with_the_least_error_is_taken_and_its_bias_known(bias, expected):
    level, found = choose_windows(looks(bias), GRID)
    assert (level == expected).mean() > 0.95
    left = bias * (EDGES[expected] / EDGES[0]) ** 4
    assert np.sqrt(found[level == expected].mean()) == pytest.approx(left, rel=0.25, abs=0.006)


def test_windows_that_do_not_correlate_are_left():
    level, _ = choose_windows(looks(0.0, sound=False), GRID)
    assert (level > 0).all()


def test_short_waves_are_followed_in_narrower_windows(texture, still):
    def wave(p):
        out = np.zeros_like(p)
        out[:, 1] = 0.5 * np.sin(2 * np.pi * p[:, 0] / 26)
        return out

    field = correlate(still, texture.render(wave, noise=0.04, seed=5), spacing=10)
    narrowed = field.status == NodeStatus.NARROWED
    assert narrowed.mean() > 0.8
    error = field.displacement - wave(field.positions)
    assert np.sqrt((error[field.valid] ** 2).mean()) < 0.035
    predicted = np.sqrt((field.sigma[field.valid] ** 2).mean())
    assert predicted == pytest.approx(np.sqrt((error[field.valid] ** 2).mean()), rel=0.3)


def test_stretch_without_noise_needs_no_narrower_window(texture):
    field = correlate(texture.render(), texture.render(lambda p: 0.02 * (p - 32)))
    assert (field.status == NodeStatus.CONVERGED).all()
    np.testing.assert_allclose(field.gradient, np.tile(0.02 * np.eye(3), (27, 1, 1)), atol=1e-4)


def test_narrower_windows_beside_a_step_know_the_stretch(texture):
    def torn(p):
        out = 0.03 * (p - 32)
        out[:, 0] += np.where(p[:, 0] > 32, 0.8, 0.0)
        return out

    field = correlate(texture.render(), texture.render(torn), spacing=6)
    narrowed = field.status == NodeStatus.NARROWED
    assert narrowed.sum() > 20
    along = field.gradient[narrowed][:, [1, 2], [1, 2]]
    assert np.median(along) == pytest.approx(0.03, rel=0.01)

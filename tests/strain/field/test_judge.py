from __future__ import annotations

import numpy as np
import pytest

from operando.strain.field.gradient import Layout
from operando.strain.field.judge import bent_variance
from operando.strain.windows.solution import Solution

LAYOUT = Layout((9, 9, 9), (8, 8, 8), (21, 21, 21))


def sine_solution(length, amplitude=1.0):
    """Both orders of a sine along z as windows of 21 damp it, with no noise."""
    layout = LAYOUT
    z = np.repeat(8.0 * np.arange(9), 81)
    k, half = 2 * np.pi / length, 10.5
    t = np.linspace(-1, 1, 4001)
    wave = np.cos(k * half * t)
    constant = wave.mean()
    second = 5 * (wave * (1.5 * t**2 - 0.5)).mean()
    kept = np.array([constant, constant - 0.5 * second])
    solution = Solution.empty(len(z))
    solution.numbers[..., 0] = 0
    solution.motion[..., 0] = 0
    for order in range(2):
        solution.motion[:, order, 0, 0] = kept[order] * amplitude * np.sin(k * z)
    return solution, 1 - kept, layout


@pytest.mark.parametrize("length", [60.0, 80.0])
@pytest.mark.parametrize("order", [1, 2])
def test_bent_variance_is_the_squared_loss_of_a_sine(length, order):
    solution, lost, layout = sine_solution(length)
    n = len(solution.code)
    found = bent_variance(
        solution,
        np.full(n, order),
        solution.motion[:, order - 1, :, 0],
        np.full((n, 3), 1e-12),
        np.ones(n, bool),
        layout,
    )
    typical = np.sqrt(found[:, 0].mean())
    true = lost[order - 1] / np.sqrt(2)
    assert (found[:, 1:] < 1e-9).all()
    assert 0.6 * true < typical < (1.3 if order == 1 else 3.0) * true

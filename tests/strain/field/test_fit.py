from __future__ import annotations

import numpy as np

from operando.strain.field.fit import cut_edges, fit_nodes, node_derivative

GRID, SPACING, WINDOW = (10, 11, 12), (15, 15, 15), (21, 21, 21)
SIGMA = 0.005
POINTS = np.stack(np.meshgrid(*[15.0 * np.arange(n) for n in GRID], indexing="ij"), -1).reshape(
    -1, 3
)


def wave(points):
    return np.sin(2 * np.pi * points[:, [2, 0, 1]] / 100)


def wave_gradient(points):
    out = np.zeros((len(points), 3, 3))
    k = 2 * np.pi / 100
    for i, axis in enumerate((2, 0, 1)):
        out[:, i, axis] = k * np.cos(k * points[:, axis])
    return out


def fit(displacement, sigma=SIGMA, usable=None, cuts=None):
    n = len(displacement)
    variance = np.broadcast_to(np.square(sigma), (n, 3)).copy()
    usable = np.ones(n, bool) if usable is None else usable
    return fit_nodes(displacement, variance, usable, GRID, SPACING, WINDOW, cuts)


def noisy(field, seed=0, sigma=SIGMA):
    return field + sigma * np.random.default_rng(seed).standard_normal(field.shape)


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def test_an_affine_field_is_almost_free_of_noise():
    matrix = np.array([[0.01, 0.002, 0], [0, -0.02, 0.01], [0.003, 0, 0.03]])
    found = fit(noisy(POINTS @ matrix.T))
    assert rms(found.gradient - matrix) < 0.05 * SIGMA / 15
    assert rms(found.displacement - POINTS @ matrix.T) < 0.3 * SIGMA


def test_a_wave_keeps_its_amplitude_and_loses_noise():
    found = fit(noisy(wave(POINTS)))
    assert rms(found.displacement - wave(POINTS)) < 0.6 * SIGMA
    inner = ((POINTS > 20) & (POINTS < 125)).all(axis=1)
    assert rms((found.gradient - wave_gradient(POINTS))[inner]) < 4e-4


def test_predicted_errors_of_displacement_and_gradient():
    matrix = np.diag([0.01, 0.02, 0.03])
    curved = 1e-4 * POINTS**2
    errors, predicted = [], []
    for seed in range(6):
        found = fit(noisy(POINTS @ matrix + curved, seed))
        errors.append(rms(found.gradient - matrix - 2e-4 * np.eye(3) * POINTS[:, None]))
        predicted.append(rms(found.gradient_sigma))
    assert 0.5 < np.mean(predicted) / np.mean(errors) < 2


def test_unusable_nodes_are_bridged_and_do_not_disturb():
    usable = np.random.default_rng(3).random(len(POINTS)) > 0.2
    broken = np.where(usable[:, None], noisy(wave(POINTS)), np.nan)
    found = fit(broken, usable=usable)
    assert np.isfinite(found.displacement).all()
    assert rms((found.displacement - wave(POINTS))[usable]) < SIGMA


def test_noisy_nodes_count_less():
    poor = np.random.default_rng(5).random(len(POINTS)) < 0.25
    sigma = np.where(poor, 0.2, SIGMA)[:, None]
    found = fit(noisy(wave(POINTS), sigma=sigma), sigma=sigma)
    assert rms(found.displacement - wave(POINTS)) < 1.5 * SIGMA


def test_smoothness_does_not_cross_a_cut():
    step = np.where(POINTS[:, :1] > 70, 2.0, 0.0) * np.array([1.0, 0, 0])
    disturbed = POINTS[:, 0] == 75
    cuts = cut_edges(disturbed, GRID)
    found = fit(noisy(step), usable=~disturbed, cuts=cuts)
    assert rms((found.gradient)[~disturbed]) < 2e-4
    assert rms((found.displacement - step)[~disturbed]) < SIGMA
    joined = fit(noisy(step), usable=~disturbed)
    assert np.abs(joined.gradient[~disturbed]).max() > 0.02


def test_derivative_of_one_and_two_nodes():
    field = np.arange(2.0).reshape(1, 2, 1, 1)
    assert np.isnan(node_derivative(field, 0)).all()
    assert (node_derivative(field, 1) == 1).all()

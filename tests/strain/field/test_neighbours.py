from __future__ import annotations

import numpy as np
import pytest

from operando.strain.field.neighbours import neighbour_indices, predict_from_neighbours

GRID = (9, 10, 11)
SIGMA = 0.004


def points():
    return np.stack(np.meshgrid(*[15.0 * np.arange(n) for n in GRID], indexing="ij"), -1).reshape(
        -1, 3
    )


def fields(seed):
    p = points()
    noise = SIGMA * np.random.default_rng(seed).standard_normal(p.shape)
    centred = (p - p.mean(axis=0)) / 100
    quadratic = np.stack([centred[:, 0] ** 2, centred[:, 1] * centred[:, 2], centred[:, 2] ** 2], 1)
    return {
        "affine": centred @ np.array([[3.0, 1, 0], [0, -2, 1], [1, 0, 2]]) + noise,
        "quadratic": 4 * quadratic + noise,
        "wave": np.sin(2 * np.pi * p[:, [2, 0, 1]] / 100) + noise,
    }


def flagged(displacement, usable=None):
    usable = np.ones(len(displacement), bool) if usable is None else usable
    variance = np.full(displacement.shape, SIGMA**2)
    prediction, scale = predict_from_neighbours(displacement, variance, usable, GRID)
    return (np.abs(displacement - prediction) / scale).max(axis=1) > 5


@pytest.mark.parametrize("name", ["affine", "quadratic", "wave"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_smooth_fields_lose_nothing_and_planted_outliers_are_found(name, seed):
    good = fields(seed)[name]
    assert flagged(good).mean() <= 0.005
    rng = np.random.default_rng(seed)
    bad = rng.choice(len(good), len(good) // 20, replace=False)
    planted = good.copy()
    planted[bad] += rng.choice([-1, 1], (len(bad), 3)) * rng.uniform(0.3, 3, (len(bad), 3))
    found = flagged(planted)
    assert found[bad].mean() >= 0.99
    assert np.delete(found, bad).mean() <= 0.005


def test_nodes_that_are_not_usable_do_not_count():
    good = fields(0)["affine"]
    usable = np.random.default_rng(0).random(len(good)) > 0.3
    broken = np.where(usable[:, None], good, np.nan)
    prediction, _ = predict_from_neighbours(broken, np.full(good.shape, SIGMA**2), usable, GRID)
    error = (prediction - good)[np.isfinite(prediction).all(axis=1)]
    assert np.abs(error).max() < 0.2
    assert np.sqrt((error**2).mean()) < 0.02


def test_neighbours_of_a_corner():
    around = neighbour_indices((2, 3, 4))
    assert around.shape == (24, 27)
    assert set(around[0]) == {-1, 0, 1, 4, 5, 12, 13, 16, 17}
    assert (around[:, 13] == np.arange(24)).all()

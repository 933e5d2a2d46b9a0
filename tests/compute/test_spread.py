from __future__ import annotations

import numpy as np
import pytest

from operando.compute.spread import robust_sigma


def test_a_normal_distribution_has_its_standard_deviation(rng: np.random.Generator) -> None:
    values = rng.normal(7, 3, 100_000)
    assert robust_sigma(values) == pytest.approx(3, rel=0.02)


def test_outliers_and_gaps_do_not_matter(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1, 100_000)
    values[:3000] = 1e6
    values[3000:6000] = np.nan
    assert robust_sigma(values) == pytest.approx(1, rel=0.06)


def test_without_finite_values_there_is_none() -> None:
    assert robust_sigma(np.full(5, np.nan)) == 0
    assert robust_sigma(np.empty(0)) == 0

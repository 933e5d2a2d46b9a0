from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.errors import InputError
from operando.strain.reading.profile import profile

SHAPE = (3, 4, 5)


@pytest.fixture
def field() -> DisplacementField:
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 10.0 + 6
    n = len(positions)
    return DisplacementField(
        positions=positions,
        displacement=np.zeros((n, 3)),
        gradient=np.zeros((n, 3, 3)),
        sigma=np.zeros((n, 3)),
        zncc=np.ones(n),
        status=np.zeros(n, int),
        grid_shape=SHAPE,
        spacing=(10.0,) * 3,
        window=(11, 11, 11),
    )


def _linear(field: DisplacementField) -> np.ndarray:
    return (field.positions @ [3.0, -2.0, 0.5] + 7).reshape(SHAPE)


def test_a_linear_quantity_is_met_exactly(field: DisplacementField) -> None:
    start, end = np.array([8.0, 10, 9]), np.array([20.0, 33, 40])
    found = profile(field, _linear(field), start, end, 11)
    line = start + np.linspace(0, 1, 11)[:, None] * (end - start)
    np.testing.assert_allclose(found, line @ [3.0, -2.0, 0.5] + 7)


def test_half_a_spacing_outside_the_nodes_it_goes_on(field: DisplacementField) -> None:
    start, end = np.array([1.5, 10, 1.5]), np.array([30.5, 40, 50.5])
    line = start + np.linspace(0, 1, 11)[:, None] * (end - start)
    values = _linear(field)
    found = profile(field, values, start, end, 11)
    np.testing.assert_allclose(found, line @ [3.0, -2.0, 0.5] + 7)
    values[0, 0, 1] = np.nan
    level = profile(field, values, (6, 6, 6), (6, 6, 1.5), 2)
    np.testing.assert_allclose(level, values[0, 0, 0])


def test_what_stays_outside_the_nodes_has_the_value_of_the_last(field: DisplacementField) -> None:
    found = profile(field, _linear(field), (1.5, 6, 6), (30.5, 6, 6), 2, go_on=False)
    np.testing.assert_allclose(found, _linear(field)[[0, -1], 0, 0])


def test_beyond_the_nodes_there_is_nothing(field: DisplacementField) -> None:
    found = profile(field, _linear(field), (16, 16, -40), (16, 16, 90), 131)
    x = np.arange(-40, 91)
    np.testing.assert_array_equal(np.isnan(found), (x <= 1) | (x >= 51))


def test_nodes_that_failed_neither_pull_nor_fill(field: DisplacementField) -> None:
    values = np.full(SHAPE, 5.0)
    values[:, :, 2] = np.nan
    found = profile(field, values, (16, 16, 6), (16, 16, 46), 41)
    x = np.arange(6, 47)
    np.testing.assert_array_equal(np.isnan(found), np.abs(x - 26) <= 5)
    np.testing.assert_allclose(found[np.isfinite(found)], 5)


def test_values_of_another_grid_are_refused(field: DisplacementField) -> None:
    with pytest.raises(InputError, match=r"\(2, 2, 2\)"):
        profile(field, np.zeros((2, 2, 2)), (0, 0, 0), (1, 1, 1))

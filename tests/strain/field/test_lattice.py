from __future__ import annotations

import numpy as np
import pytest

from operando.strain.field.lattice import Lattice, along

GRID = (5, 4, 6)
STRENGTH = np.array([[0.5], [2.0], [8.0]])


def dense_penalty(lattice):
    """Matrix of the penalty, column by column."""
    n = int(np.prod(GRID))
    units = np.eye(n).reshape(*GRID, n)
    return lattice.penalty(units, np.repeat(STRENGTH, n, axis=1)).reshape(n, n)


@pytest.mark.parametrize("axis", range(3))
def test_along_multiplies_one_axis(axis):
    rng = np.random.default_rng(axis)
    field, matrix = rng.normal(size=(*GRID, 2)), rng.normal(size=(3, GRID[axis]))
    expected = np.moveaxis(np.tensordot(matrix, field, axes=(1, axis)), 0, axis)
    np.testing.assert_allclose(along(matrix, field, axis), expected)


@pytest.mark.parametrize("order", [2, 3])
def test_polynomials_below_the_order_are_free(order):
    z, y, x = np.meshgrid(*[np.arange(n, dtype=float) for n in GRID], indexing="ij")
    field = (1 + z - 2 * y + 0.5 * x) + (order == 3) * (z * y + x**2)
    bend = Lattice(GRID, order).penalty(field[..., None], STRENGTH)
    assert np.abs(bend).max() < 1e-10


def test_spectrum_holds_the_eigenvalues():
    lattice = Lattice(GRID, 2)
    found = np.sort(lattice.spectrum(STRENGTH).ravel())
    np.testing.assert_allclose(found, np.linalg.eigvalsh(dense_penalty(lattice)), atol=1e-9)


@pytest.mark.parametrize("cut", [False, True])
def test_the_smooth_field_solves_the_normal_equations(cut):
    rng = np.random.default_rng(0)
    cuts = np.zeros((3, *GRID), bool)
    cuts[0, 1] = cut
    lattice = Lattice(GRID, 2, cuts)
    data, weights = rng.normal(size=(*GRID, 1)), rng.uniform(0.1, 2, (*GRID, 1))
    matrix = np.diag(weights.ravel()) + dense_penalty(lattice)
    expected = np.linalg.solve(matrix, (weights * data).ravel())
    for tolerance in (1e-5, 1e-2):
        found = lattice.smooth(data, weights, STRENGTH, tolerance).ravel()
        assert np.abs(found - expected).max() < 10 * tolerance

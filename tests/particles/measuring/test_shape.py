from __future__ import annotations

import numpy as np
import pytest

from operando.particles.measuring.shape import convex_shape, orientation, principal_axes


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (1, 0.5, 0.5)])
def test_axes_and_direction_of_a_turned_ellipsoid(make_ellipsoid, spacing) -> None:
    half = (18, 12, 9)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    shape = tuple(int(44 / s) for s in spacing)
    mask = make_ellipsoid(shape, (21, 20.5, 21.5), half, spacing, turn)
    centroid, lengths, directions = principal_axes(mask, spacing)
    np.testing.assert_allclose(centroid, (21, 20.5, 21.5), atol=0.06)
    np.testing.assert_allclose(lengths, (36, 24, 18), rtol=0.02)
    assert abs(directions[0] @ turn[:, 0]) == pytest.approx(1, abs=0.002)


def test_box_has_the_axes_of_its_moments() -> None:
    _, lengths, directions = principal_axes(np.ones((10, 20, 40), bool), (1, 1, 1))
    np.testing.assert_allclose(lengths, np.sqrt(20 / 12) * np.array([40, 20, 10]))
    assert orientation(directions[0]) == pytest.approx((90, 0), abs=1e-6)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [((1, 0, 0), (0, 0)), ((-1, 0, 0), (0, 0)), ((0, 1, 0), (90, 90)), ((0, -1, -1), (90, 45))],
)
def test_orientation(direction, expected) -> None:
    unit = np.array(direction, float) / np.linalg.norm(direction)
    tilt, azimuth = orientation(unit)
    assert tilt == pytest.approx(expected[0])
    if tilt > 0:
        assert azimuth == pytest.approx(expected[1])


@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.5, 0.5, 0.5)])
def test_hull_and_feret_of_a_sphere(make_ellipsoid, spacing) -> None:
    n = int(48 / spacing[0])
    hull = convex_shape(
        make_ellipsoid((n, n, n), (23.3, 23.6, 23.9), (20, 20, 20), spacing), spacing
    )
    assert hull["feret_max"] == pytest.approx(40, rel=0.02)
    assert hull["feret_min"] == pytest.approx(40, rel=0.03)
    assert hull["hull_area"] == pytest.approx(4 * np.pi * 400, rel=0.02)
    assert hull["hull_volume"] == pytest.approx(4 / 3 * np.pi * 8000, rel=0.02)


def test_feret_of_a_box() -> None:
    hull = convex_shape(np.ones((24, 36, 48), bool), (1, 1, 1))
    assert hull["feret_min"] == pytest.approx(24, rel=0.03)
    assert hull["feret_max"] == pytest.approx(np.sqrt(24**2 + 36**2 + 48**2), rel=0.03)


def test_feret_of_a_tilted_cylinder() -> None:
    axis = np.array([1.0, 2.0, 2.0]) / 3
    grid = np.indices((44, 44, 44)).reshape(3, -1).T - 21.5
    along = grid @ axis
    across = np.linalg.norm(grid - along[:, None] * axis, axis=1)
    mask = ((abs(along) < 15) & (across < 7)).reshape(44, 44, 44)
    hull = convex_shape(mask, (1, 1, 1))
    assert hull["feret_min"] == pytest.approx(14, abs=1)
    assert hull["feret_max"] == pytest.approx(np.hypot(30, 14), rel=0.03)
    assert hull["hull_volume"] == pytest.approx(np.pi * 49 * 30, rel=0.05)

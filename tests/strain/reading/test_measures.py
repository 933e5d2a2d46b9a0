from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.strain.reading import measures


def turn(degrees, axis=(1.0, 2.0, -1.0)):
    k = np.asarray(axis) / np.linalg.norm(axis)
    skew = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    t = np.deg2rad(degrees)
    return np.eye(3) + np.sin(t) * skew + (1 - np.cos(t)) * skew @ skew


@pytest.fixture
def gradients():
    return 0.05 * np.random.default_rng(1).standard_normal((20, 3, 3))


def test_the_angle_of_a_turn_is_found_under_a_stretch():
    for angle in (0.01, 25, 170):
        gradient = turn(angle) @ np.diag([1.1, 0.95, 1.0]) - np.eye(3)
        assert measures.rotation_angle(gradient) == pytest.approx(angle)
    assert np.isnan(measures.rotation_angle(np.full((3, 3), np.nan)))


def test_polar_decomposition_multiplies_back(gradients):
    f = measures.deformation(gradients)
    r, u = measures.rotation(gradients), measures.right_stretch(gradients)
    np.testing.assert_allclose(r @ u, f, atol=1e-12)
    np.testing.assert_allclose(
        r @ np.swapaxes(r, 1, 2), np.broadcast_to(np.eye(3), r.shape), atol=1e-12
    )


def test_von_mises_of_uniaxial_isochoric_strain():
    strain = np.diag([0.02, -0.01, -0.01])
    assert measures.von_mises(strain) == pytest.approx(0.02)
    assert measures.von_mises(np.eye(3) * 0.1) == pytest.approx(0, abs=1e-12)
    assert np.trace(measures.deviatoric(np.diag([1.0, 2, 6]))) == pytest.approx(0)


def test_principal_strains_and_directions():
    q = turn(33)
    values, directions = measures.principal(q @ np.diag([0.03, -0.02, 0.01]) @ q.T)
    assert values == pytest.approx([0.03, 0.01, -0.02])
    assert abs(directions[0] @ q[:, 0]) == pytest.approx(1)
    assert np.isnan(measures.principal(np.full((3, 3), np.nan))[0]).all()


def test_layer_frame():
    q = turn(20)
    strain = q.T @ np.diag([0.05, 0.01, 0.0]) @ q
    np.testing.assert_allclose(
        measures.in_frame(strain, 3 * q), np.diag([0.05, 0.01, 0.0]), atol=1e-12
    )
    with pytest.raises(InputError, match="orthogonal"):
        measures.in_frame(strain, np.ones((3, 3)))


def test_cylinder_frame_of_a_swelling_roll():
    points = np.array([[0.0, 3.0, 4.0], [5.0, -2.0, 0.0]])
    axes = measures.cylinder_axes(points, np.zeros(3), np.array([2.0, 0, 0]))
    np.testing.assert_allclose(axes[0, 2], [0, 0.6, 0.8])
    np.testing.assert_allclose(axes[:, 0], [[1, 0, 0]] * 2)
    np.testing.assert_allclose(axes @ np.swapaxes(axes, 1, 2), [np.eye(3)] * 2, atol=1e-12)

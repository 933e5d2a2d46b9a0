from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from operando.data.displacement import DisplacementField
from operando.errors import InputError
from operando.strain import measures


def turn(degrees, axis=(1.0, 2.0, -1.0)):
    k = np.asarray(axis) / np.linalg.norm(axis)
    skew = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    t = np.deg2rad(degrees)
    return np.eye(3) + np.sin(t) * skew + (1 - np.cos(t)) * skew @ skew


@pytest.fixture
def gradients():
    return 0.05 * np.random.default_rng(1).standard_normal((20, 3, 3))


def test_a_rotation_is_no_strain():
    gradient = turn(25) - np.eye(3)
    assert np.abs(measures.green_lagrange(gradient)).max() < 1e-12
    assert np.abs(measures.hencky(gradient)).max() < 1e-12
    assert measures.rotation_angle(gradient) == pytest.approx(25)
    assert np.abs(measures.infinitesimal(gradient)).max() > 0.05


def test_known_stretches():
    gradient = np.diag([0.1, -0.05, 0.0])
    assert np.diag(measures.hencky(gradient)) == pytest.approx(np.log([1.1, 0.95, 1.0]))
    assert np.diag(measures.green_lagrange(gradient)) == pytest.approx(
        [(1.21 - 1) / 2, (0.9025 - 1) / 2, 0]
    )
    assert measures.volumetric(gradient) == pytest.approx(1.1 * 0.95 - 1)


def test_polar_decomposition_multiplies_back(gradients):
    f = measures.deformation(gradients)
    r, u = measures.rotation(gradients), measures.right_stretch(gradients)
    np.testing.assert_allclose(r @ u, f, atol=1e-12)
    np.testing.assert_allclose(
        r @ np.swapaxes(r, 1, 2), np.broadcast_to(np.eye(3), r.shape), atol=1e-12
    )


def test_strains_do_not_depend_on_a_later_rotation(gradients):
    turned = turn(40) @ measures.deformation(gradients) - np.eye(3)
    for measure in (measures.green_lagrange, measures.hencky, measures.volumetric):
        np.testing.assert_allclose(measure(turned), measure(gradients), atol=1e-12)


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


def make_field(f, shift):
    points = np.stack(np.meshgrid(*[np.arange(4) * 10.0] * 3, indexing="ij"), -1).reshape(-1, 3)
    moved = (points - 15) @ f.T + 15 + shift
    n = len(points)
    return DisplacementField(
        positions=points,
        displacement=moved - points,
        gradient=np.repeat((f - np.eye(3))[None], n, axis=0),
        sigma=np.full((n, 3), 0.01),
        zncc=np.ones(n),
        status=np.zeros(n, int),
        grid_shape=(4, 4, 4),
        spacing=(10, 10, 10),
        window=(11, 11, 11),
    )


def test_rigid_motion_and_scale_are_found_despite_wrong_points():
    field = make_field(1.01 * turn(3), np.array([5.0, -2, 1]))
    moved = field.displacement.copy()
    moved[::9] += 4
    motion = measures.fit_motion(field.positions, moved)
    assert motion.angle_deg == pytest.approx(3, abs=1e-6)
    assert motion.stretch == pytest.approx(0.01, abs=1e-8)
    with pytest.raises(InputError, match="three points"):
        measures.fit_motion(field.positions[:2], moved[:2])


def test_removing_motion_leaves_the_strain():
    stretch = np.diag([1.03, 1.0, 0.99])
    field = make_field(turn(4) @ stretch, np.array([5.0, -2, 1]))
    rest = measures.without_motion(field)
    np.testing.assert_allclose(rest.strain(), field.strain(), atol=1e-12)
    assert np.abs(rest.displacement).max() < 0.6
    np.testing.assert_allclose(
        rest.displacement, (field.positions - 15) @ rest.gradient[0].T, atol=1e-9
    )
    scaled = measures.without_motion(make_field(1.02 * turn(4), np.zeros(3)), scale=True)
    assert np.abs(scaled.strain()).max() < 1e-9
    assert scaled.info["removed_stretch"] == pytest.approx(0.02)


def test_a_turn_is_rigid_whatever_the_shape_of_the_voxels():
    size = np.array([3.0, 1.0, 2.0])
    field = make_field(np.eye(3), np.zeros(3))
    f = turn(5)
    moved = (field.positions * size) @ f.T + [4.0, -1.0, 2.0]
    field = dataclasses.replace(
        field,
        displacement=moved / size - field.positions,
        gradient=np.repeat(((f - np.eye(3)) * size / size[:, None])[None], 64, axis=0),
    )
    rest = measures.without_motion(field, voxel_size=size)
    assert np.abs(rest.displacement).max() < 1e-9
    assert np.abs(rest.gradient).max() < 1e-9
    assert rest.info["removed_rotation_deg"] == pytest.approx(5)

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from operando.data.displacement import DisplacementField
from operando.errors import InputError
from operando.strain.reading.rigid_motion import fit_motion, without_motion


def turn(degrees):
    """Rotation about (1, 2, -1)."""
    z, y, x = np.array([1.0, 2.0, -1.0]) / np.sqrt(6)
    skew = np.array([[0, -x, y], [x, 0, -z], [-y, z, 0]])
    t = np.deg2rad(degrees)
    return np.eye(3) + np.sin(t) * skew + (1 - np.cos(t)) * skew @ skew


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
    motion = fit_motion(field.positions, moved)
    assert motion.angle_deg == pytest.approx(3, abs=1e-6)
    assert motion.stretch == pytest.approx(0.01, abs=1e-8)
    with pytest.raises(InputError, match="three points"):
        fit_motion(field.positions[:2], moved[:2])


def test_removing_motion_leaves_the_strain():
    stretch = np.diag([1.03, 1.0, 0.99])
    field = make_field(turn(4) @ stretch, np.array([5.0, -2, 1]))
    rest = without_motion(field)
    np.testing.assert_allclose(rest.strain(), field.strain(), atol=1e-12)
    assert np.abs(rest.displacement).max() < 0.6
    np.testing.assert_allclose(
        rest.displacement, (field.positions - 15) @ rest.gradient[0].T, atol=1e-9
    )
    scaled = without_motion(make_field(1.02 * turn(4), np.zeros(3)), scale=True)
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
    rest = without_motion(field, voxel_size=size)
    assert np.abs(rest.displacement).max() < 1e-9
    assert np.abs(rest.gradient).max() < 1e-9
    assert rest.info["removed_rotation_deg"] == pytest.approx(5)

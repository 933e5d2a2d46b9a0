from __future__ import annotations

import numpy as np
import pytest

from operando.align import Transform
from operando.errors import InputError


@pytest.fixture
def pose(rotation_of):
    return Transform.from_linear(1.01 * rotation_of((1, 2, 3)), (4, -5, 6), (10, 20, 30))


def test_a_transform_and_its_inverse_cancel(pose):
    points = np.random.default_rng(0).random((5, 3)) * 100
    np.testing.assert_allclose(pose.inverse().at(pose.at(points)), points)
    np.testing.assert_allclose(pose.after(pose.inverse()).matrix, np.eye(4), atol=1e-12)


def test_chaining_applies_the_first_first(pose):
    shift = Transform.from_linear(np.eye(3), (1, 0, 0), (0, 0, 0))
    point = np.array([[1.0, 2, 3]])
    np.testing.assert_allclose(pose.after(shift).at(point), pose.at(point + np.array([1, 0, 0])))


def test_the_centre_is_only_shifted(pose):
    np.testing.assert_allclose(pose.shift_at((10, 20, 30)), (4, -5, 6))
    assert pose.rotation_deg == pytest.approx(np.sqrt(14))
    assert pose.linear_scale == pytest.approx(1.01)


def test_voxels_of_any_spacing(pose):
    spacing = np.array([2.0, 1.0, 0.5])
    voxel = np.array([3, 7, 9, 1.0])
    moved = pose.in_voxels(spacing) @ voxel
    np.testing.assert_allclose(moved[:3] * spacing, pose.at((voxel[:3] * spacing)[None])[0])


def test_lists_keep_every_digit(pose):
    np.testing.assert_array_equal(Transform.from_list(pose.as_list()).matrix, pose.matrix)


@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.eye(3)])
def test_what_cannot_be_inverted_is_refused(matrix):
    with pytest.raises(InputError, match="no transform"):
        Transform(matrix)

from __future__ import annotations

import numpy as np

from operando.strain.particles.body import find_bodies
from operando.strain.particles.motion_models import (
    rotation_matrix,
    rotation_variance,
    rotation_vector,
)


def test_rotation_vector_and_matrix_are_inverse():
    vector = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(rotation_vector(rotation_matrix(vector) - np.eye(3)), vector)
    assert (rotation_matrix(np.zeros(3)) == np.eye(3)).all()


def test_variance_of_a_rotation_is_the_same_however_freely_the_body_may_move():
    """An affine covariance that only turns, in voxels that are no cubes."""
    from operando.strain.particles.kernels import AFFINE, RIGID, increments

    labels = np.zeros((20, 30, 40), np.int32)
    labels[6:14, 8:22, 10:30] = 1
    (body,) = find_bodies(labels, (2.0, 1.0, 0.5))
    spread = np.diag([0.0, 0.0, 0.0, 1e-4, 4e-4, 9e-4])
    turns = increments(body.half, body.size, RIGID)
    affine = turns @ spread @ turns.T
    np.testing.assert_allclose(rotation_variance(spread, RIGID, body), 14e-4)
    np.testing.assert_allclose(rotation_variance(affine, AFFINE, body), 14e-4)

from __future__ import annotations

import numpy as np

from operando.strain.particles.motion_models import rotation_matrix, rotation_vector


def test_rotation_vector_and_matrix_are_inverse():
    vector = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(rotation_vector(rotation_matrix(vector) - np.eye(3)), vector)
    assert (rotation_matrix(np.zeros(3)) == np.eye(3)).all()

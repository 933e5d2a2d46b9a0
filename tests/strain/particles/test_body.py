from __future__ import annotations

import numpy as np

from operando.strain.particles.body import find_bodies


def test_a_particle_that_lies_within_the_margin_of_a_face_is_left_out() -> None:
    labels = np.zeros((30, 30, 30), np.int32)
    labels[10:20, 10:20, 10:20] = 1
    labels[:3, 5:20, 5:20] = labels[:16, 5:20, :3] = 2
    assert [body.number for body in find_bodies(labels)] == [1]

from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.errors import InputError
from operando.particles.following.motion import find_drift, motion_from_field, smooth_motion


def test_a_large_drift_with_half_of_the_particles_exchanged() -> None:
    rng = np.random.default_rng(0)
    before, volumes = rng.uniform(0, 200, (150, 3)), rng.lognormal(5, 0.5, 150)
    drift = np.array([30.0, -22.0, 9.0])
    after = before + drift + rng.normal(0, 0.5, before.shape)
    after[::2] = rng.uniform(0, 200, (75, 3))
    order = rng.permutation(150)
    found = find_drift(before, after[order], volumes, volumes[order], 60)
    np.testing.assert_allclose(found, drift, atol=0.5)


def test_no_drift_can_be_told_from_too_few() -> None:
    one = np.zeros((1, 3))
    assert find_drift(one, one + 1, np.ones(1), np.ones(1), 9).tolist() == [0, 0, 0]


def test_motion_is_that_of_the_neighbourhood_not_of_one_stray() -> None:
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 50, (200, 3))
    motion = 0.1 * places
    motion[::20] = 99
    found = smooth_motion(np.array([[25.0, 25, 25]]), places, motion)
    np.testing.assert_allclose(found, [[2.5, 2.5, 2.5]], atol=0.8)


def test_dense_fields_and_nodes_say_the_same() -> None:
    shape = (20, 30, 40)
    dense = np.zeros((3, *shape), np.float32)
    dense[1] = 2.5
    places = np.array([[3.2, 10, 10], [18, 29, 39.4]])
    np.testing.assert_allclose(motion_from_field(dense, places, shape), [[0, 2.5, 0]] * 2)
    nodes = np.array([(z, y, 20.0) for z in (5.0, 15.0) for y in (10.0, 20.0)])
    field = DisplacementField(
        positions=nodes,
        displacement=np.tile([0, 2.5, 0], (4, 1)),
        gradient=np.zeros((4, 3, 3)),
        sigma=np.zeros((4, 3)),
        zncc=np.ones(4),
        status=np.zeros(4, int),
        grid_shape=(2, 2, 1),
        spacing=(10, 10, 10),
        window=(9, 9, 9),
    )
    np.testing.assert_allclose(motion_from_field(field, places, shape), [[0, 2.5, 0]] * 2)


def test_holes_in_a_field_are_filled_from_the_neighbours() -> None:
    dense = np.ones((3, 4, 4, 4))
    dense[:, 0] = np.nan
    places = np.array([[0.0, 1, 1], [3, 1, 1], [2, 2, 2]])
    np.testing.assert_allclose(motion_from_field(dense, places, (4, 4, 4)), 1)


def test_fields_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        motion_from_field(np.zeros((3, 4, 4, 5)), np.zeros((1, 3)), (4, 4, 4))
    with pytest.raises(InputError, match="no number"):
        motion_from_field(np.full((3, 4, 4, 4), np.nan), np.zeros((1, 3)), (4, 4, 4))

from __future__ import annotations

import numpy as np

from operando.particles.labels.closing import (
    close_particles,
    distance,
    fill_enclosed,
    fill_small_cavities,
)

UNIT = (1.0, 1.0, 1.0)


def test_distance_to_another_label_with_voxel_shape() -> None:
    labels = np.zeros((1, 3, 6), np.int32)
    labels[..., :3], labels[..., 3:] = 1, 2
    assert distance(labels, (1, 1, 0.5))[0, 1].tolist() == [1.5, 1, 0.5, 0.5, 1, 1.5]


def test_small_cavities_are_filled_large_and_open_ones_stay() -> None:
    solid = np.ones((12, 12, 20), bool)
    solid[5, 5, 3:5] = solid[4:7, 4:7, 10:13] = solid[0, 5, 17] = False
    filled = fill_small_cavities(solid, 5, UNIT)
    assert filled[5, 5, 3:5].all()
    assert not filled[4:7, 4:7, 10:13].any()
    assert not filled[0, 5, 17]
    # The same cavity is larger when voxels are.
    assert not fill_small_cavities(solid, 5, (2, 2, 2))[5, 5, 3:5].any()


def test_a_hole_between_two_particles_is_of_none() -> None:
    ids = np.ones((7, 7, 12), np.int32)
    ids[..., 6:] = 2
    ids[3, 3, 2] = ids[3, 3, 5:7] = 0
    filled = fill_enclosed(ids)
    assert filled[3, 3, 2] == 1
    assert filled[3, 3, 5:7].tolist() == [0, 0]


def test_a_crack_is_closed_and_a_gap_between_two_is_not() -> None:
    domain = np.ones((15, 15, 30), np.int32)
    domain[..., 15:] = 2
    solid = np.ones(domain.shape, bool)
    solid[..., 14:16] = solid[:, :, 6:8] = False
    closed = close_particles(domain, solid, 1.5, UNIT)
    assert (closed[:, :, 6:8] == 1).all()
    assert not closed[..., 14:16].any()


def test_a_crack_is_closed_up_to_its_mouth_beside_another_particle() -> None:
    """Two plates, one voxel apart; a slit runs through the first one to the gap between them."""
    nearest = np.ones((9, 40, 21), np.int32)
    nearest[..., 11:] = 2
    solid = np.ones(nearest.shape, bool)
    solid[..., 10] = solid[:, 19:21, :10] = False
    closed = close_particles(nearest, solid, 5.0, UNIT)
    assert (closed[:, 19:21, :9] == 1).all()
    assert not closed[:, :10, 10].any()
    assert not closed[:, 30:, 10].any()
    assert (closed[..., 11:] == 2).all()

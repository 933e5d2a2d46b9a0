from __future__ import annotations

import numpy as np

from operando.particles.cutting.basins import climb

UNIT = (1.0, 1.0, 1.0)


def test_every_voxel_climbs_to_the_nearer_of_two_summits() -> None:
    x = np.arange(21, dtype=np.float32)
    height = np.maximum(10 - np.abs(x - 4), 8 - np.abs(x - 14)).reshape(1, 1, -1) * np.ones(
        (3, 3, 1), np.float32
    )
    height[:, [0, 2]] -= 1
    height[[0, 2]] -= 1
    labels, peaks = climb(height, 0.0, UNIT)
    assert peaks.tolist() == [0, 10, 8]
    assert labels[1, 1].tolist() == [1] * 11 + [2] * 10


def test_below_the_floor_there_is_no_label() -> None:
    height = np.array([[[1, 2, 0, 3]]], np.float32)
    labels, _ = climb(height, 0.5, UNIT)
    assert labels.tolist() == [[[1, 1, 0, 2]]]


def test_steepest_respects_the_voxel_shape() -> None:
    # The same rise along z and x; where z is the shorter way it is the steeper one.
    height = np.zeros((2, 1, 2), np.float32)
    height[1, 0, 0] = height[0, 0, 1] = 1
    labels, _ = climb(height, -1, (0.5, 1, 1))
    assert labels[0, 0, 0] == labels[1, 0, 0]
    labels, _ = climb(height, -1, (2, 1, 1))
    assert labels[0, 0, 0] == labels[0, 0, 1]


def test_a_plateau_gets_labels_too() -> None:
    labels, _ = climb(np.ones((3, 3, 3), np.float32), 0, UNIT)
    assert (labels == 1).all()

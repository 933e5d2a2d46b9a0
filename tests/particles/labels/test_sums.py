from __future__ import annotations

import numpy as np

from operando.particles.labels.names import rename
from operando.particles.labels.sums import count_voxels


def test_voxels_of_every_label_are_counted() -> None:
    labels = np.array([[[3, 0, 1], [1, 3, 3]]], np.uint32)
    assert count_voxels(labels, 5).tolist() == [1, 2, 0, 3, 0]


def test_labels_can_be_renamed_where_they_are() -> None:
    labels = np.array([[[2, 0, 1]]], np.int32)
    assert rename(labels, np.array([0, 7, 5], np.int32), labels) is labels
    assert labels.tolist() == [[[5, 0, 7]]]

from __future__ import annotations

import numpy as np

from operando.segment.phases.islands import surrounding_classes, without_islands
from operando.segment.phases.pieces import SLAB, Pieces


def cleaned(labels: np.ndarray, least: int, classes: tuple[int, ...] = ()) -> np.ndarray:
    pieces = Pieces(labels)
    around = surrounding_classes(pieces, labels, least, classes)
    slabs = [without_islands(pieces, around, labels[z:end], z) for z, end in pieces.slabs()]
    return np.concatenate(slabs)


def scene() -> np.ndarray:
    """Pore (1) and particle (3) with islands of 8 voxels, one of them across two slabs."""
    labels = np.ones((SLAB + 16, 20, 20), np.uint8)
    labels[..., 10:] = 3
    labels[4:6, 4:6, 4:6] = 2
    labels[SLAB - 1 : SLAB + 1, 4:6, 14:16] = 2
    labels[20:22, 10:12, 14:16] = 1
    return labels


def test_islands_take_the_class_around_them() -> None:
    labels = scene()
    expected = np.ones_like(labels)
    expected[..., 10:] = 3
    np.testing.assert_array_equal(cleaned(labels, 9), expected)
    np.testing.assert_array_equal(cleaned(labels, 8), labels, "8 voxels are not fewer than 8")


def test_only_the_chosen_classes_are_cleaned() -> None:
    labels = scene()
    expected = labels.copy()
    expected[expected == 2] = 0
    expected[(expected == 0) & (np.arange(20) < 10)] = 1
    expected[expected == 0] = 3
    np.testing.assert_array_equal(cleaned(labels, 100, (2,)), expected)


def test_between_two_phases_the_larger_contact_counts() -> None:
    labels = np.ones((8, 20, 20), np.uint8)
    labels[..., 10:] = 3
    labels[3:5, 4:6, 7:10] = 2
    assert (cleaned(labels, 13)[3:5, 4:6, 7:10] == 1).all()
    labels[3:5, 4:8, 9] = 2
    labels[3:5, 4:8, 7:9] = 1
    assert labels[4, 5, 10] == 3
    assert (cleaned(labels, 13)[3:5, 4:8, 9] == 1).all(), "16 faces to the pore, 8 to the particle"


def test_what_touches_a_side_stays() -> None:
    labels = np.ones((8, 10, 10), np.uint8)
    labels[3, 3, 0] = 2
    np.testing.assert_array_equal(cleaned(labels, 50), labels)

from __future__ import annotations

import numpy as np
import pytest

from operando.data.classes import DEFAULT_CLASSES
from operando.ui.layers.difference import Difference, difference_layer

SHAPE = (2, 40, 6, 5)
KEYS = [(1,), (0, 2), (1, slice(None), 3), (Ellipsis, 2, 2), (0, 1, slice(1, 4), slice(0, 4))]


@pytest.mark.parametrize("per_frame", [True, False])
@pytest.mark.parametrize("key", KEYS)
def test_it_has_the_class_of_the_other_where_both_have_one_and_they_differ(
    key: tuple, per_frame: bool, rng: np.random.Generator
) -> None:
    labels = rng.integers(0, 4, SHAPE, dtype=np.uint8)
    other = rng.integers(0, 4, SHAPE if per_frame else SHAPE[1:], dtype=np.int32)
    full = np.broadcast_to(other, SHAPE)
    expected = full.copy()
    expected[(labels == 0) | (labels == full)] = 0
    np.testing.assert_array_equal(Difference(labels, other, 3)[key], expected[key])


def test_voxels_are_counted_by_both_classes_over_all_slabs() -> None:
    labels = np.ones(SHAPE, np.uint8)
    other = np.ones(SHAPE, np.int64)
    other[1, 30:35] = 2
    other[1, 0] = 0
    other[1, 39] = 7
    plane = 6 * 5
    difference = Difference(labels, other, 2)
    expected = [[33 * plane, 0, 0], [5 * plane, 0, 0], [plane, 0, 0]]
    np.testing.assert_array_equal(difference.confusion(1), expected)
    assert difference.confusion(0)[0, 0] == 40 * plane
    assert (difference[1, 39] == 3).all()


def test_a_class_that_only_the_other_has_is_seen() -> None:
    labels, other = np.ones(SHAPE, np.uint8), np.full(SHAPE, 9, np.int32)
    difference = Difference(labels, other, len(DEFAULT_CLASSES))
    layer = difference_layer(difference, DEFAULT_CLASSES, {"scale": (1, 1, 1, 1)})
    value = int(difference[0, 0, 0, 0])
    np.testing.assert_array_equal(layer.get_color(value), np.ones(4, np.float32))

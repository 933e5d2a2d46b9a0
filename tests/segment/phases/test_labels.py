from __future__ import annotations

import numpy as np

from operando.segment.phases.labels import labels_of, to_uint8


def test_labels_are_the_most_probable_class_or_none() -> None:
    shares = np.array([[0.2, 0.5, 0.0], [0.7, 0.3, 0.0], [0.1, 0.2, 0.0]], np.float32)
    np.testing.assert_array_equal(labels_of(shares), [2, 1, 0])
    np.testing.assert_array_equal(labels_of(to_uint8(shares)), [2, 1, 0])
    np.testing.assert_array_equal(to_uint8(shares)[:, 0], [51, 178, 26])

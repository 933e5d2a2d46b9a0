from __future__ import annotations

import numpy as np
import pytest

from operando.ui.layers.confidence import Confidence

SHAPE = (2, 4, 6, 5)


@pytest.mark.parametrize(
    "key", [(1,), (0, 2), (1, slice(None), 3), (Ellipsis, 2, 2), (0, 1, slice(1, 4), slice(0, 4))]
)
def test_it_is_the_probability_of_the_class_a_voxel_has(
    key: tuple, rng: np.random.Generator
) -> None:
    labels = rng.integers(0, 4, SHAPE, dtype=np.uint8)
    probabilities = rng.integers(0, 256, (2, 3, 4, 6, 5), dtype=np.uint8)
    expected = np.full(SHAPE, np.nan)
    for at in np.argwhere(labels > 0):
        t, z, y, x = at
        expected[t, z, y, x] = probabilities[t, labels[t, z, y, x] - 1, z, y, x] / 2.55
    shown = Confidence(labels, probabilities)
    np.testing.assert_allclose(shown[key], expected[key], rtol=1e-6)


class Counting:
    """An array that counts the voxels read from it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.n_read = array, array.shape, 0

    def __getitem__(self, key: tuple) -> np.ndarray:
        part = self.array[key]
        self.n_read += part.size
        return part


def test_a_look_at_a_slice_reads_no_more_than_the_slice_of_the_classes_in_it() -> None:
    labels = np.ones(SHAPE, np.uint8)
    labels[0, 2, :3] = 2
    probabilities = Counting(np.full((2, 3, 4, 6, 5), 255, np.uint8))
    shown = Confidence(labels, probabilities)
    assert (shown[0, 2] == 100).all()
    assert probabilities.n_read == 2 * 6 * 5

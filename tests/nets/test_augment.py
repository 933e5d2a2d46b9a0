from __future__ import annotations

import numpy as np

from operando.nets.augment import Augmentation

STILL = Augmentation(flip=False, gain=0, offset=0, gamma=0, noise=0)


def patch() -> tuple[np.ndarray, np.ndarray]:
    labels = np.random.default_rng(0).integers(0, 4, (4, 16, 16)).astype(np.uint8)
    return (labels[None] / 2 - 1).astype(np.float32), labels


def test_nothing_changes_when_all_is_off() -> None:
    image, labels = patch()
    new_image, new_labels = STILL(image, labels, np.random.default_rng(0))
    np.testing.assert_allclose(new_image, image, atol=1e-6)
    np.testing.assert_array_equal(new_labels, labels)


def test_labels_stay_on_their_voxels() -> None:
    image, labels = patch()
    augment = Augmentation(gain=0, offset=0, gamma=0, noise=0)
    seen = set()
    for seed in range(40):
        new_image, new_labels = augment(image, labels, np.random.default_rng(seed))
        np.testing.assert_allclose(new_image[0], new_labels / 2 - 1, atol=1e-6)
        seen.add(new_labels.tobytes())
    assert len(seen) > 12


def test_oblong_patches_keep_their_shape() -> None:
    image, labels = np.zeros((2, 3, 8, 16), np.float32), np.zeros((3, 8, 16), np.uint8)
    new_image, new_labels = Augmentation()(image, labels, np.random.default_rng(1))
    assert new_image.shape == image.shape
    assert new_labels.shape == labels.shape


def test_grey_values_move_within_bounds_and_keep_their_order() -> None:
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    labels = np.zeros((1, 8, 8), np.uint8)
    augment = Augmentation(flip=False, noise=0, gain=0.2, offset=0.1, gamma=0)
    for seed in range(20):
        new, _ = augment(image, labels, np.random.default_rng(seed))
        assert np.all(np.diff(new.ravel()) > 0)
        assert np.abs(new - image).max() <= 0.3 + 1e-6


def test_same_seed_same_patch() -> None:
    image, labels = patch()
    first, second = (Augmentation()(image, labels, np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)

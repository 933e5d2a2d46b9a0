from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from operando.nets.frames import Frames
from operando.nets.patches import LabelledVoxels, PatchSampler


def as_float(values: np.ndarray, t: int) -> np.ndarray:
    return values.astype(np.float32)


@pytest.fixture
def scene() -> tuple[np.ndarray, LabelledVoxels]:
    """Images whose grey value is the label where there is one; class 2 is 50 times rarer."""
    labels = np.zeros((3, 20, 40, 40), np.uint8)
    labels[0, 5, 2:12, 2:12] = 1
    labels[2, 19, 39, 38:] = 2
    t, *position = np.nonzero(labels)
    voxels = LabelledVoxels(t, np.stack(position, 1), labels[labels > 0])
    return labels.astype(np.float32), voxels


def sampler(scene: tuple[np.ndarray, LabelledVoxels], size: Any = (8, 16, 16)) -> PatchSampler:
    return PatchSampler(Frames(scene[0]), scene[1], size, as_float)


def test_labels_lie_on_their_voxels(scene: tuple[np.ndarray, LabelledVoxels]) -> None:
    images, labels = sampler(scene).draw(np.random.default_rng(0), 50)
    assert images.shape == (50, 1, 8, 16, 16)
    np.testing.assert_array_equal(images[:, 0], labels)


def test_every_patch_is_labelled_and_classes_come_alike(
    scene: tuple[np.ndarray, LabelledVoxels],
) -> None:
    _, labels = sampler(scene).draw(np.random.default_rng(0), 400)
    largest = labels.max(axis=(1, 2, 3))
    assert set(largest) == {1, 2}
    assert 0.42 < (largest == 2).mean() < 0.58


def test_patches_are_clipped_to_small_volumes(scene: tuple[np.ndarray, LabelledVoxels]) -> None:
    images, _ = sampler(scene, (64, 64, 16)).draw(np.random.default_rng(0), 1)
    assert images.shape == (1, 1, 20, 40, 16)


def test_same_seed_same_patches(scene: tuple[np.ndarray, LabelledVoxels]) -> None:
    one, two = (sampler(scene).draw(np.random.default_rng(7), 4)[0] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_cover_sees_every_labelled_voxel(scene: tuple[np.ndarray, LabelledVoxels]) -> None:
    drawn = sampler(scene)
    picked = drawn.cover(100)
    assert sum(np.count_nonzero(drawn.patch(v)[1]) for v in picked) >= len(scene[1])
    assert len(drawn.cover(1)) == 1


def test_strokes_where_nothing_was_imaged_teach_nothing(
    scene: tuple[np.ndarray, LabelledVoxels],
) -> None:
    scene[0][2] = np.nan
    images, labels = sampler(scene).draw(np.random.default_rng(0), 20)
    unseen = np.isnan(images).all(axis=(1, 2, 3, 4))
    assert 0 < np.count_nonzero(unseen) < len(unseen)
    np.testing.assert_array_equal(labels.any(axis=(1, 2, 3)), ~unseen)


def test_paint_keeps_to_box_and_frame(scene: tuple[np.ndarray, LabelledVoxels]) -> None:
    box = (slice(5, 6), slice(0, 4), slice(0, 4))
    painted = scene[1].paint(0, box)
    np.testing.assert_array_equal(painted, scene[0][(0, *box)])
    assert not scene[1].paint(1, box).any()


def test_covering_flat_patches_moves_on() -> None:
    """Every labelled pixel of separate slices lies in one of few patches."""
    position = np.argwhere(np.ones((1, 40, 40)))[::7]
    voxels = LabelledVoxels(
        np.zeros(len(position), int), position, np.ones(len(position), np.uint8)
    )
    sampler = PatchSampler(
        Frames(np.zeros((1, 1, 40, 40), np.float32)), voxels, (1, 16, 16), lambda raw, _: raw
    )
    picked = sampler.cover(100)
    assert 6 <= len(picked) < 40
    seen = np.zeros((40, 40), bool)
    for voxel in picked:
        y, x = np.clip(position[voxel, 1:] - 8, 0, 24)
        seen[y : y + 16, x : x + 16] = True
    assert seen[tuple(position[:, 1:].T)].all()

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.nets.frames import Frames
from operando.segment.steadying.flicker import count_flicker
from operando.segment.steadying.frame_pair import FramePair

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField

SHAPE = (12, 32, 32)


def two_halves() -> np.ndarray:
    """Labels: 1 where x is below 16, 2 from there on."""
    labels = np.ones(SHAPE, np.uint8)
    labels[..., 16:] = 2
    return labels


def test_only_labels_that_change_without_the_image_flicker(rng: np.random.Generator) -> None:
    """Frame 1: a cube changes in image and label, twenty voxels in their label alone."""
    labels = np.stack([two_halves()] * 2)
    labels[1, 4:8, 4:8, 4:8] = 2
    images = 100.0 * labels + rng.normal(0, 1, labels.shape)
    labels[1, 0, 0, 20:30] = 1
    labels[1, 0, 10, :10] = 3
    pair = FramePair(Frames(images), 0, 1)
    found = count_flicker(pair, *labels, n_classes=3)
    same = pair.unchanged(tuple(slice(0, n) for n in SHAPE))
    assert not same[4:8, 4:8, 4:8].any()
    assert found.unchanged.tolist() == [same[..., :16].sum(), same[..., 16:].sum(), 0]
    assert found.flickered.tolist() == [same[0, 10, :10].sum(), same[0, 0, 20:30].sum(), 0]
    assert found.flickered.min(where=[True, True, False], initial=10) >= 6
    assert found.rate == pytest.approx(found.flickered.sum() / same.sum())
    assert np.isnan(found.by_class[2]), "no voxel of this class in the frame"


def test_a_boundary_that_moves_with_the_material_is_no_flicker(
    moved_by: Callable[[float, float, float], DisplacementField], rng: np.random.Generator
) -> None:
    shift = 2.4
    x = np.arange(SHAPE[2])
    labels = np.stack([np.where(x < 16 + d, 1, 2) for d in (0, shift)]).astype(np.uint8)
    labels = np.broadcast_to(labels[:, None, None], (2, *SHAPE)).copy()
    images = 100.0 * labels + rng.normal(0, 40, labels.shape)
    pair = FramePair(Frames(images), 0, 1, field=moved_by(0, 0, shift))
    followed = count_flicker(pair, *labels, n_classes=2)
    assert followed.rate == 0
    labels[1, :, :, 4:8] = 2
    wrong = count_flicker(pair, *labels, n_classes=2)
    assert wrong.flickered[0] > 0
    assert wrong.flickered[1] == 0


def test_without_an_unchanged_voxel_there_is_no_rate(
    moved_by: Callable[[float, float, float], DisplacementField],
) -> None:
    labels = np.stack([two_halves()] * 2)
    pair = FramePair(Frames(100.0 * labels), 0, 1, field=moved_by(0, 0, 40.0))
    assert np.isnan(count_flicker(pair, *labels, n_classes=2).rate)

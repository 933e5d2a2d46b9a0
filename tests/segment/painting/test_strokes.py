from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.frames import Frames
from operando.segment.painting.strokes import (
    Strokes,
    check_shapes,
    class_weights,
    find_strokes,
    hold_out,
)


def painted() -> np.ndarray:
    """Five strokes of class 1, two of class 2, in two frames."""
    strokes = np.zeros((2, 70, 20, 20), np.uint8)
    for y in range(0, 20, 4):
        strokes[0, 3, y, 2:9] = 1
    strokes[0, 66, 1, 1:5] = 2
    strokes[1, 66, 1, 1:3] = 2
    return strokes


def found_in(strokes: np.ndarray) -> Strokes:
    """All was imaged."""
    return find_strokes(strokes, Frames(strokes))


def test_lists_every_painted_voxel() -> None:
    strokes = painted()
    voxels = found_in(strokes).voxels
    assert len(voxels) == np.count_nonzero(strokes)
    again = np.zeros_like(strokes)
    again[(voxels.frame, *voxels.position.T)] = voxels.label
    np.testing.assert_array_equal(again, strokes)


def test_counts_strokes_like_connected_components() -> None:
    found = found_in(painted())
    assert found.classes == (1, 2)
    assert found.frames == (0, 1)
    assert found.count(1) == (5, 35)
    assert found.count(2) == (2, 6)


def test_strokes_hang_together_as_in_scipy() -> None:
    from scipy.ndimage import label

    rng = np.random.default_rng(0)
    strokes = (rng.random((1, 12, 13, 14)) < 0.12) * rng.integers(1, 3, (1, 12, 13, 14))
    found = found_in(strokes.astype(np.uint8))
    for k in (1, 2):
        components, count = label(strokes[0] == k, np.ones((3, 3, 3)))
        of_class = found.voxels.label == k
        ids = components[tuple(found.voxels.position[of_class].T)]
        pairs = set(zip(ids, found.stroke[of_class], strict=True))
        assert len(pairs) == count == found.count(k)[0]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_what_was_not_imaged_is_no_part_of_a_stroke(hole: float) -> None:
    """One stroke of two channels loses its middle, and is two; another goes whole."""
    strokes = painted()
    images = np.ones((2, 2, 70, 20, 20), np.float32)
    images[0, 1, 3, 0, 4:7] = hole
    images[1] = hole
    found = find_strokes(strokes, Frames(images))
    assert found.count(1) == (6, 32)
    assert found.count(2) == (1, 4)
    assert found.frames == (0,)
    left = np.zeros_like(strokes)
    left[(found.voxels.frame, *found.voxels.position.T)] = found.voxels.label
    np.testing.assert_array_equal(left, strokes * np.isfinite(images).all(axis=1))


def test_refuses_strokes_over_what_was_not_imaged() -> None:
    strokes = painted()
    images = np.where(strokes == 2, np.nan, 1)
    with pytest.raises(InputError, match=r"6 voxels .* nothing was imaged; without .* two classes"):
        find_strokes(strokes, Frames(images))


def test_whole_strokes_are_held_out_and_rare_classes_are_kept() -> None:
    found = found_in(painted())
    learn, score = hold_out(found, 0.3, np.random.default_rng(0))
    assert len(learn) + len(score) == len(found.voxels)
    assert set(score.label) == {1}
    assert set(np.bincount(score.position[:, 1], minlength=20)) == {0, 7}
    assert len(score) == 14


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_a_stroke_that_is_most_of_a_class_is_learnt_from(share: float) -> None:
    """Who labels a whole area and dabs twice elsewhere still teaches the area."""
    strokes = np.zeros((1, 1, 40, 40), np.uint8)
    strokes[0, 0, :20, :30] = strokes[0, 0, 30, 30] = strokes[0, 0, 35, 35] = 1
    strokes[0, 0, 22:25, ::5] = 2
    found = found_in(strokes)
    for seed in range(20):
        learn, score = hold_out(found, share, np.random.default_rng(seed))
        assert (learn.label == 1).sum() >= 600
        assert set(score.label) == {1, 2}


def test_nothing_is_held_out_at_share_zero() -> None:
    found = found_in(painted())
    learn, score = hold_out(found, 0, np.random.default_rng(0))
    assert (len(learn), len(score)) == (len(found.voxels), 0)


def test_refuses_no_strokes_and_one_class() -> None:
    with pytest.raises(InputError, match="no strokes"):
        found_in(np.zeros((1, 4, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"one class \(number 3\)"):
        found_in(np.eye(4, dtype=np.uint8)[None, None] * 3)


@pytest.mark.parametrize("wrong", [-1, 256])
def test_refuses_numbers_that_are_no_class(wrong) -> None:
    strokes = np.zeros((3, 4, 5), np.int32)
    strokes[1, 1, 1], strokes[2, 2, 2] = 1, wrong
    with pytest.raises(InputError, match=rf"labels from .*{wrong}.*; use 0 where nothing"):
        found_in(strokes)


def test_refuses_strokes_of_other_images() -> None:
    check_shapes((2, 1, 4, 5, 6), np.zeros((2, 4, 5, 6), np.uint8))
    check_shapes((1, 3, 4, 5, 6), np.zeros((4, 5, 6), np.uint8))
    with pytest.raises(InputError, match=r"\(4, 5, 7\) do not fit images of 1 frame"):
        check_shapes((1, 1, 4, 5, 6), np.zeros((4, 5, 7), np.uint8))
    with pytest.raises(InputError, match="float64"):
        check_shapes((1, 1, 4, 5, 6), np.zeros((4, 5, 6)))


def test_weights_of_classes() -> None:
    voxels = found_in(painted()).voxels
    assert class_weights(voxels, 3, 0) == pytest.approx((1, 1, 0))
    one, two, absent = class_weights(voxels, 3, 1)
    assert one * 35 == pytest.approx(two * 6)
    assert absent == 0

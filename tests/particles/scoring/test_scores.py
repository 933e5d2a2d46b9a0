from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.particles import link_accuracy, match
from operando.particles.scoring.scores import mean_slice_scores, slice_scores


def row(*labels: int) -> np.ndarray:
    return np.array(labels, np.int32).reshape(1, 1, -1)


def test_perfect_whatever_the_numbers() -> None:
    found = match(row(0, 5, 5, 0, 2, 2), row(0, 1, 1, 0, 9, 9))
    assert (found.precision, found.recall, found.f_score, found.panoptic_quality) == (1, 1, 1, 1)
    assert dict(zip(found.found.tolist(), found.true.tolist(), strict=True)) == {5: 1, 2: 9}


def test_ids_may_be_any_numbers() -> None:
    """As other programs give them; they are not counted up to."""
    large = np.iinfo(np.int32).max
    found = match(row(0, large, large, 0, 7, 7, 0), row(0, 1, 1, 0, 0, 0, large - 1))
    assert (found.found.tolist(), found.true.tolist()) == ([large], [1])
    assert (found.wrong.tolist(), found.missed.tolist()) == ([7], [large - 1])


def test_scores_counted_by_hand() -> None:
    #            | 3 of 4     | missed | wrong
    true = row(1, 1, 1, 1, 0, 2, 2, 2, 0, 0, 0)
    ours = row(1, 1, 1, 0, 0, 0, 0, 4, 0, 5, 5)
    found = match(ours, true)
    assert found.iou.tolist() == [0.75]
    assert found.missed.tolist() == [2]
    assert found.wrong.tolist() == [4, 5]
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 2)
    assert found.f_score == pytest.approx(2 / 5)
    assert found.mean_iou == 0.75
    assert found.panoptic_quality == pytest.approx(0.75 * 2 / 5)


def test_half_is_not_enough() -> None:
    assert match(row(1, 1, 2, 2), row(1, 1, 1, 1)).precision == 0


def test_small_true_particles_do_not_count() -> None:
    true, ours = row(1, 1, 1, 0, 2), row(1, 1, 1, 0, 8)
    assert match(ours, true, smallest=2).true.tolist() == [1]
    assert match(ours, true, smallest=2).wrong.tolist() == []
    assert match(ours * 0, true, smallest=2).missed.tolist() == [1]


def inner(*labels: int) -> np.ndarray:
    """Labels of a row amid a volume of three rows and slices, so that only its ends are cut."""
    ids = np.zeros((3, 3, len(labels)), np.int32)
    ids[1, 1] = labels
    return ids


def test_particles_that_the_border_cuts_can_be_left_out() -> None:
    true = inner(1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 0, 4, 4, 4)
    ours = inner(5, 5, 0, 0, 6, 6, 6, 0, 7, 0, 0, 8, 9, 9)
    # 7 holds just half of 3; 8 is a wrong piece of 4, which is cut.
    every, uncut = match(ours, true), match(ours, true, uncut=True)
    assert (every.true.tolist(), every.missed.tolist()) == ([1, 2, 4], [3])
    assert every.wrong.tolist() == [7, 8]
    assert (uncut.true.tolist(), uncut.missed.tolist()) == ([2], [3])
    assert uncut.wrong.tolist() == [7]


def test_what_lies_mostly_in_several_cut_particles_is_left_out() -> None:
    true = inner(1, 1, 0, 0, 0, 0, 2, 2)
    true[1, 0, 2:4] = 3
    ours = inner(5, 5, 5, 6, 6, 6, 0, 0)
    ours[1, 0, 2] = 5
    # 5 has three of four voxels in 1 and 3, both cut; 6 has none in any.
    assert match(ours, true, uncut=True).wrong.tolist() == [6]
    assert match(ours, inner(0, 0, 1, 1, 1, 1, 0, 0), uncut=True).found.tolist() == [6]


def test_nothing_found_and_nothing_there() -> None:
    nothing = row(0, 0)
    assert match(nothing, row(1, 1)).recall == 0
    assert match(nothing, row(1, 1)).panoptic_quality == 0
    assert np.isnan(match(nothing, nothing).precision)


def test_links() -> None:
    true = [row(1, 1, 0, 2, 2), row(0, 1, 1, 2, 2), row(0, 0, 0, 2, 2)]
    ours = [row(7, 7, 0, 3, 3), row(0, 7, 7, 4, 4), row(0, 0, 0, 4, 4)]
    assert link_accuracy(true, true) == 1
    assert link_accuracy(ours, true) == pytest.approx(2 / 3)
    assert np.isnan(link_accuracy(ours[:1], true[:1]))


def test_a_particle_that_was_not_found_is_not_linked() -> None:
    true = [row(1, 1), row(1, 1)]
    assert link_accuracy([row(0, 0), row(0, 0)], true) == 0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        match(row(1, 1), row(1, 1, 1))
    with pytest.raises(InputError, match=r"0\.2"):
        match(row(1), row(1), iou=0.2)
    with pytest.raises(InputError, match="1 found frames"):
        link_accuracy([row(1)], [row(1), row(1)])


def test_slices_counted_by_hand() -> None:
    true = np.stack([row(1, 1, 0, 2, 2, 0)[0], row(1, 1, 1, 0, 0, 0)[0], row(*[0] * 6)[0]])
    ours = np.stack([row(4, 4, 0, 0, 5, 0)[0], row(4, 4, 0, 0, 6, 6)[0], row(*[0] * 6)[0]])
    first, second = slice_scores(ours, true)
    # 5 covers just half of 2, which is not enough.
    assert (first.right, first.wrong, first.missed) == (1, 1, 1)
    assert (first.precision, first.sensitivity) == (0.5, 0.5)
    assert first.jaccard == pytest.approx(1 / 3)
    assert (second.right, second.wrong, second.missed) == (1, 1, 0)
    assert second.dice == second.f_measure() == pytest.approx(2 / 3)
    assert second.f_measure(2) == pytest.approx(5 / 6)
    # 2 voxels right, none wrong, 1 missed, 3 rightly empty.
    assert second.mcc == pytest.approx(6 / np.sqrt(2 * 3 * 3 * 4))


def test_mcc_is_the_correlation_of_the_masks() -> None:
    rng = np.random.default_rng(0)
    true = (rng.random((1, 20, 30)) < 0.4).astype(np.int32)
    ours = np.where(rng.random(true.shape) < 0.1, 1 - true, true).astype(np.int32)
    (score,) = slice_scores(ours, true)
    assert score.right == 1
    assert score.mcc == pytest.approx(np.corrcoef(ours.ravel(), true.ravel())[0, 1])


def test_means_over_slices_and_any_axis() -> None:
    true = np.zeros((4, 8, 10), np.int32)
    true[:, 1:4, 1:5], true[:, 5:8, 5:9] = 1, 2
    ours = np.where(true == 2, 0, true)
    means = mean_slice_scores(slice_scores(ours, true))
    assert means["precision"] == (1, 0)
    assert means["sensitivity"] == (0.5, 0)
    turned = slice_scores(ours.transpose(1, 2, 0), true.transpose(1, 2, 0), axis=2)
    assert mean_slice_scores(turned) == means


def test_the_sides_of_a_single_slice_are_four() -> None:
    ids = np.zeros((1, 40, 40), np.int32)
    ids[0, 10:20, 10:20] = 1
    ids[0, 30:, 30:] = 2
    found = match(ids, ids, uncut=True)
    assert found.true.tolist() == [1]
    assert (found.precision, found.recall) == (1, 1)

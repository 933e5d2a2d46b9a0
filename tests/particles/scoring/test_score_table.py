from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.particles.scoring.score_table import average_precision, score_table


def test_the_truth_itself_scores_one_whatever_its_numbers(electrode) -> None:
    renamed = np.where(electrode.ids > 0, electrode.ids + 7, 0)
    table = score_table(renamed, electrode.ids, smallest=0)
    assert table["frame"].tolist() == [0, 1]
    # The border of so small a volume cuts all particles.
    uncut = [name for name in table if name.startswith("uncut_")]
    assert table[uncut].isna().to_numpy().all()
    scores = table.drop(columns=["frame", "links_right", *uncut])
    np.testing.assert_allclose(scores, 1)
    assert np.isnan(table["links_right"][0])
    assert table["links_right"][1] == 1


def test_ids_that_change_break_links_alone(electrode) -> None:
    ids = electrode.ids.copy()
    ids[1][ids[1] > 0] += 1000
    table = score_table(ids, electrode.ids, smallest=0)
    assert table["links_right"][1] == 0
    assert (table["recall"] == 1).all()


def test_what_the_border_cuts_weighs_on_all_but_the_uncut() -> None:
    true = np.zeros((1, 12, 12, 24), np.int32)
    true[:, 3:9, 3:9, 3:9], true[:, 3:9, 3:9, 16:] = 1, 2
    found = true.copy()
    found[..., 20:] *= 2  # 2 falls in two halves, of which none is enough
    table = score_table(found, true).iloc[0]
    assert table["precision"] == pytest.approx(1 / 3)
    assert table["recall"] == pytest.approx(1 / 2)
    assert table[["uncut_precision", "uncut_recall", "uncut_panoptic_quality"]].tolist() == [1] * 3


def test_average_precision_falls_with_the_overlap() -> None:
    true = np.zeros((1, 1, 100), np.int32)
    true[..., :80] = 1
    found = np.zeros_like(true)
    found[..., :58] = 1
    # IoU 58/80 = 0.725 passes the thresholds 0.5, 0.55, 0.6, 0.65 and 0.7 of ten.
    assert average_precision(found, true) == pytest.approx(0.5)


def test_as_many_frames_are_needed(electrode) -> None:
    with pytest.raises(InputError, match="1 frames"):
        score_table(electrode.ids, electrode.ids[:1])

from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.segment.scoring.scores import confusion, dice, iou

TRUTH = np.array([1, 1, 1, 2, 2, 0, 2])
LABELS = np.array([1, 1, 2, 2, 1, 2, 0])


def test_counts_known_voxels() -> None:
    np.testing.assert_array_equal(confusion(TRUTH, LABELS), [[2, 1], [1, 1]])
    assert confusion(TRUTH, LABELS, 3).shape == (3, 3)


def test_dice_and_iou_by_hand() -> None:
    table = confusion(TRUTH, LABELS, 3)
    np.testing.assert_allclose(dice(table), [4 / 6, 2 / 4, np.nan])
    np.testing.assert_allclose(iou(table), [2 / 4, 1 / 3, np.nan])


def test_refuses_other_shapes() -> None:
    with pytest.raises(InputError, match="shape"):
        confusion(TRUTH, LABELS[:3])

from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.segment.scoring.painted_twice import self_agreement


def test_only_voxels_painted_in_both_count() -> None:
    first = np.zeros((2, 3, 10, 10), np.uint8)
    second = first.copy()
    first[0, 1, :5] = 1
    first[0, 1, 5:] = 2
    second[0, 1, :6] = 1  # ten voxels of the second class are called the first
    second[0, 1, 6:8] = 2  # and twenty are left out
    second[1, 2] = 3  # painted once only
    found = self_agreement(first, second, [(0, 1), (1, 2)], 3)
    np.testing.assert_array_equal(found.confusion, [[50, 0, 0], [10, 20, 0], [0, 0, 0]])
    assert (found.voxels, found.slices) == (80, 1)
    assert found.equal == pytest.approx(70 / 80)
    np.testing.assert_allclose(found.dice, [100 / 110, 40 / 50, np.nan])


def test_nothing_painted_twice_has_no_agreement() -> None:
    nothing = np.zeros((1, 2, 4, 4), np.uint8)
    found = self_agreement(nothing, nothing, [(0, 0)], 2)
    assert np.isnan(found.equal)
    assert found.slices == 0
    with pytest.raises(InputError, match="shape"):
        self_agreement(nothing, nothing[..., :3], [(0, 0)], 2)

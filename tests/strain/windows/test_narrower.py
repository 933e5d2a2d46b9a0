from __future__ import annotations

import numpy as np
import pytest

from operando.strain.windows.narrower import in_window, narrower_windows
from operando.strain.windows.normal_matrix import POWERS


@pytest.mark.parametrize(
    ("window", "narrower"),
    [
        ((21, 21, 21), [(13, 13, 13), (9, 9, 9)]),
        ((11, 11, 11), [(7, 7, 7)]),
        ((9, 21, 31), [(7, 13, 19), (7, 9, 13)]),
        ((7, 7, 7), []),
        ((5, 7, 5), []),
    ],
)
def test_narrower_windows_are_odd_and_keep_seven_voxels(window, narrower):
    assert narrower_windows(window) == narrower


def test_a_motion_is_the_same_in_the_offsets_of_another_window(rng) -> None:
    motion, offset = rng.normal(size=(3, 10)), np.array([2.0, -1.0, 3.0])
    narrow, wide = (7, 9, 13), (13, 9, 21)
    values = [
        polynomial @ np.prod((offset / (np.array(window) // 2)) ** POWERS, axis=1)
        for polynomial, window in ((motion, narrow), (in_window(motion, narrow, wide), wide))
    ]
    np.testing.assert_allclose(values[0], values[1])

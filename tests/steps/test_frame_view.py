from __future__ import annotations

import numpy as np

from operando.steps.frame_view import FrameView


def test_reads_and_writes_one_frame(rng):
    series = rng.random((3, 4, 5, 6))
    before = series.copy()
    frame = FrameView(series, 1)
    assert frame.shape == (4, 5, 6)
    np.testing.assert_array_equal(frame[1:3], before[1, 1:3])
    np.testing.assert_array_equal(frame[2, :, 3], before[1, 2, :, 3])
    frame[0, 1:3] = 7
    assert (series[1, 0, 1:3] == 7).all()
    assert np.count_nonzero(series != before) == 12


def test_views_can_be_stacked(rng):
    series = rng.random((2, 3, 4, 5, 6))
    np.testing.assert_array_equal(FrameView(FrameView(series, 1), 2)[1:], series[1, 2, 1:])

from __future__ import annotations

import numpy as np
import pytest

from operando.align.resample import resample_box


@pytest.mark.parametrize("offset", [0.0, 5e4])
def test_what_was_not_imaged_does_not_ring_into_what_was(offset):
    """A smooth wave with a corner that is NaN, moved by a part of a voxel along every axis."""
    z, y, x = np.indices((24, 26, 28), dtype=float)
    shift = np.array([0.3, -0.4, 0.5])
    frame = offset + wave(z, y, x)
    frame[:8, :9] = np.nan
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    moved = resample_box(frame.astype(np.float32), matrix, tuple(slice(0, n) for n in frame.shape))
    true = offset + wave(z + shift[0], y + shift[1], x + shift[2])
    inside = np.s_[2:-2, 2:-2, 2:-2]
    known = np.isfinite(moved[inside])
    assert 0.8 < known.mean() < 0.9
    error = np.abs(moved[inside] - true[inside])[known]
    assert error.max() < 10
    assert np.sqrt(np.mean(error**2)) < 1


def wave(z, y, x):
    """Grey values of -100 to 100."""
    return 100 * np.sin(z / 4) * np.cos(y / 5) * np.cos(x / 6)

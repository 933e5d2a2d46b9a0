from __future__ import annotations

import numpy as np

from operando.ui.strokes.counts import StrokeCounts


def test_counts_follow_edits(rng: np.random.Generator) -> None:
    array = np.zeros((2, 4, 8, 8), np.uint8)
    counts = StrokeCounts(array, [])
    assert counts.voxels == {}
    assert counts.slices == []
    for _ in range(20):
        t, z = rng.integers(0, (2, 4))
        box = (slice(t, t + 1), slice(z, z + 1), slice(1, 6), slice(2, 8))
        before = array[box].copy()
        array[box] = rng.integers(0, 4, before.shape)
        counts.add(box, before, array[box])
    expected = {k: int((array == k).sum()) for k in (1, 2, 3) if (array == k).any()}
    assert counts.voxels == expected
    assert counts.slices == [(t, z) for t in range(2) for z in range(4) if array[t, z].any()]
    array[1] = 0
    counts.recount((slice(1, 2), slice(0, 4), slice(0, 8), slice(0, 8)))
    assert counts.voxels == StrokeCounts(array, np.ndindex(2, 4)).voxels

from __future__ import annotations

import numpy as np
import pytest

from operando.ui.layers.preview_slices import PreviewSlices


@pytest.mark.parametrize(
    "key", [(1, 2), (0, 2), (1, slice(None), 3), (1, slice(1, 4), slice(None), 5), (1,), (...,)]
)
def test_slices_as_a_whole_array_would(rng: np.random.Generator, key: tuple[object, ...]) -> None:
    whole = np.zeros((2, 5, 6, 7), np.uint8)
    slices = PreviewSlices(whole.shape)
    for z in (2, 3):
        whole[1, z] = rng.integers(1, 4, (6, 7))
        slices.put(1, z, whole[1, z])
    np.testing.assert_array_equal(slices[key], whole[key])
    slices.clear()
    assert not slices[key].any()

from __future__ import annotations

import numpy as np
import pytest

from operando.clean import MaskLabels
from operando.clean.mask import blank
from operando.compute.blocks import Extent, filter_blocks


def test_the_margin_is_a_ball():
    kept = np.zeros((9, 9, 9), bool)
    kept[4, 4, 4] = True
    image = np.ones(kept.shape, np.float32)
    left = blank(image, kept, value=0, margin=3)
    z, y, x = np.indices(kept.shape) - 4
    np.testing.assert_array_equal(left == 1, z**2 + y**2 + x**2 <= 9)


def test_nothing_to_keep_leaves_nothing():
    image = np.ones((3, 4, 5), np.float32)
    assert (blank(image, np.zeros(image.shape, bool), value=2, margin=1) == 2).all()


@pytest.mark.parametrize("margin", [0, 2])
def test_it_does_not_matter_how_the_volume_is_cut(as_series, margin, rng):
    labels = (rng.random((2, 12, 20, 24)) < 0.01).astype(np.uint8)
    series = as_series(rng.random((2, 12, 20, 24)).astype(np.float32))
    operation = MaskLabels(labels=labels, kept=(1,), value=-1, margin=margin)
    halo = operation.extent((12, 20, 24)).halo
    whole, pieces = (np.zeros(series.data.shape, np.float32) for _ in range(2))
    for target, core in ((whole, (12, 20, 24)), (pieces, (5, 7, 9))):
        filter_blocks(
            series.data,
            target,
            lambda block, place: operation.apply(block, place, None),
            Extent(core, halo),
        )
    np.testing.assert_array_equal(whole, pieces)
    assert (whole[:, 0][labels == 1] >= 0).all()

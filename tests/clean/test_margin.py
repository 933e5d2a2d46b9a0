from __future__ import annotations

import numpy as np

from operando.clean import CutMargin
from operando.compute.blocks import Place


def test_the_margin_becomes_nan_and_all_else_stays(grains: np.ndarray) -> None:
    y, x = np.indices(grains.shape[1:])
    outside = np.hypot(y - y.mean(), x - x.mean()) > y.max() / 2
    image = np.where(outside, 0, grains).astype(np.float32)
    place = Place(0, 0, tuple(slice(0, n) for n in image.shape))
    found = CutMargin().apply(image, place, None)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(outside, image.shape))
    np.testing.assert_array_equal(found[:, ~outside], image[:, ~outside])


def test_blank_slices_were_not_imaged(grains: np.ndarray) -> None:
    image = grains.astype(np.float32)
    image[-2:] = 0
    found = CutMargin().apply(image, Place(0, 0, tuple(slice(0, n) for n in image.shape)), None)
    assert np.isnan(found[-2:]).all()
    np.testing.assert_array_equal(found[:-2], image[:-2])

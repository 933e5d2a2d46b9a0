from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from operando.clean import AlignSlices, Denoise, RemoveSpots
from operando.compute.blocks import filter_blocks
from operando.data import Series
from operando.steps import STEPS
from operando.ui.clean.preview import LAYER, SlicePreview, clean_slice


@pytest.fixture
def series(rng):
    smooth = gaussian_filter(rng.standard_normal((2, 1, 30, 40, 300)), (0, 0, 2, 2, 2))
    noisy = smooth / smooth.std() + 0.3 * rng.standard_normal(smooth.shape)
    return Series(data=da.from_array(1000 + 100 * noisy.astype(np.float32)))


@pytest.mark.parametrize("operation", [Denoise(), RemoveSpots()])
def test_it_is_what_a_run_would_give(series, operation):
    shown, _ = clean_slice(series, operation, 1, 13)
    prepared = operation.prepare(series)
    target = np.zeros(series.data.shape, np.float32)
    filter_blocks(
        series.data,
        target,
        lambda block, place: operation.apply(block, place, prepared),
        operation.extent(series.volume_shape),
    )
    assert (shown.frame, shown.z, shown.first) == (1, 13, 13)
    np.testing.assert_allclose(shown.images[0], target[1, 0, 13], rtol=1e-4)


def test_it_lies_on_the_images_also_after_another_voxel_size(qtbot, session):
    preview = SlicePreview(session)
    preview.show(STEPS["spots"]())
    qtbot.waitUntil(lambda: LAYER in session.viewer.layers, timeout=20_000)
    session.calibrate((2, 1, 1))
    assert LAYER not in session.viewer.layers
    qtbot.waitUntil(lambda: LAYER in session.viewer.layers, timeout=20_000)
    np.testing.assert_array_equal(session.viewer.layers[LAYER].scale, (1, 2, 1, 1))
    preview.close()
    assert LAYER not in session.viewer.layers


def test_slices_are_brought_in_line_with_those_nearby(rng):
    straight = gaussian_filter(rng.standard_normal((120, 48, 48)), (6, 2, 2))
    jumps = rng.uniform(-2, 2, (120, 2))
    moved = np.stack([shift(s, j, mode="nearest") for s, j in zip(straight, jumps, strict=True)])
    operation = AlignSlices(keep=8)
    series = Series(data=da.from_array(moved[None, None].astype(np.float32)))
    shown, prepared = clean_slice(series, operation, 0, 60)
    assert (shown.first, len(shown.images)) == (50, 21)
    whole = operation.prepare(series)[0]
    assert np.abs(prepared[0] - whole)[50:71].max() < 0.2
    assert np.abs(prepared[0][:20]).max() == 0

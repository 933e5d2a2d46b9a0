from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from operando.clean import Deblur, deblur
from operando.compute.blocks import Extent, Place, filter_blocks


def test_blur_goes(grains, compare):
    rng = np.random.default_rng(0)
    blurred = gaussian_filter(grains, 1.2) + 0.5 * rng.standard_normal(grains.shape)
    sharp = deblur(blurred.astype(np.float32), 1.2)
    assert compare(grains).removed(blurred, sharp) > 0.6


def test_grey_mass_stays(grains):
    sharp = deblur(grains, 1.0)
    assert abs(sharp.mean() / grains.mean() - 1) < 0.005


def test_negative_grey_values_are_lifted(grains, as_series):
    lowered = grains - 150
    operation = Deblur(blur=1.0)
    box = tuple(slice(0, n) for n in grains.shape)
    prepared = operation.prepare(as_series(lowered))
    assert prepared[0, 0] > 50
    out = operation.apply(lowered, Place(0, 0, box), prepared)
    expected = deblur(grains, 1.0) - 150
    assert np.abs(out - expected).mean() < 2


def test_slices_that_were_not_imaged_lift_nothing(grains, as_series):
    """Aligning leaves such slices at the ends of a frame."""
    lowered = grains - 150
    lowered[:2] = np.nan
    assert Deblur(blur=1.0).prepare(as_series(lowered))[0, 0] > 50
    nothing = np.full((3, 20, 20), np.nan, np.float32)
    assert Deblur(blur=1.0).prepare(as_series(nothing)) == {(0, 0): 0}


def test_a_single_slice_is_sharpened_in_its_plane(grains, compare):
    clean = grains[6:7]
    blurred = gaussian_filter(clean, (0, 1.2, 1.2))
    assert compare(clean).removed(blurred, deblur(blurred, 1.2)) > 0.6


def test_the_unit_of_grey_values_does_not_matter(grains):
    """Attenuation per nm is about a millionth."""
    small = grains[:4, :48, :48]
    np.testing.assert_allclose(deblur(1e-8 * small, 1.2), 1e-8 * deblur(small, 1.2), rtol=1e-3)


def test_blocks_fit_together(grains, as_series):
    series = as_series(grains[:6, :80, :80] + 5 * np.random.default_rng(0).random((6, 80, 80)))
    operation = Deblur(blur=1.5)
    far = operation.extent(series.volume_shape).halo
    found = []
    for extent in (Extent((99, 999, 999)), Extent((99, 80, 40), far)):
        out = np.zeros(series.data.shape, np.float32)
        filter_blocks(
            series.data, out, lambda block, place: operation.apply(block, place, {}), extent
        )
        found.append(out)
    np.testing.assert_allclose(found[1], found[0], atol=0.1)

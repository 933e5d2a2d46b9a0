from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.report.strain_figure import (
    SlicePlace,
    describe_measurement,
    draw_field_slice,
    round_length,
)

SIZE = (0.5, 0.5, 0.5)


@pytest.fixture
def field() -> DisplacementField:
    grid = (3, 4, 5)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in grid], indexing="ij"), -1)
    n = nodes.size // 3
    return DisplacementField(
        positions=nodes.reshape(-1, 3) * 10.0 + 12,
        displacement=np.zeros((n, 3)),
        gradient=np.zeros((n, 3, 3)),
        sigma=np.full((n, 3), 0.01),
        zncc=np.ones(n),
        status=np.zeros(n, int),
        grid_shape=grid,
        spacing=(10.0,) * 3,
        window=(21,) * 3,
    )


@pytest.mark.parametrize(
    ("axis", "voxel", "plane"), [(0, 0, 0), (0, 23, 1), (1, 60, 3), (2, 33, 2)]
)
def test_the_plane_of_nodes_nearest_to_the_slice_lies_where_it_was_measured(
    field, axis, voxel, plane
):
    values = np.arange(60.0).reshape(3, 4, 5)
    shape = [s for a, s in enumerate((44, 54, 64)) if a != axis]
    figure = draw_field_slice(
        field,
        values,
        np.random.default_rng(0).random(shape),
        SlicePlace(axis, voxel),
        SIZE,
        title="volume change (%)",
        limits=(-1, 1),
        colormap="RdBu_r",
    )
    image, overlay = figure.axes[0].images
    np.testing.assert_array_equal(overlay.get_array(), np.take(values, plane, axis=axis))
    assert image.get_extent() == [0, shape[1] / 2, shape[0] / 2, 0]
    left, right, bottom, top = overlay.get_extent()
    rows, columns = overlay.get_array().shape
    assert left + (right - left) / columns / 2 == pytest.approx(6.25)  # centre of voxel 12
    assert top + (bottom - top) / rows / 2 == pytest.approx(6.25)
    assert figure.axes[1].get_ylabel() == "volume change (%)"
    assert overlay.get_clim() == (-1, 1)


def test_a_caption_tells_lengths_and_errors(field):
    text = describe_measurement(field, SIZE)
    assert "window 21 voxels (10.5 µm)" in text
    assert "averages over 41 voxels (20.5 µm)" in text
    assert "60 of 60 nodes valid, predicted error 5 nm" in text


def test_a_caption_of_anisotropic_voxels_names_the_axes(field):
    assert "21 × 21 × 21 voxels (21 × 10.5 × 10.5 µm, z × y × x)" in describe_measurement(
        field, (1.0, 0.5, 0.5)
    )


@pytest.mark.parametrize(("length", "rounded"), [(12.4, 10), (0.99, 0.5), (2.0, 2), (0.05, 0.05)])
def test_scale_bars_have_round_lengths(length, rounded):
    assert round_length(length) == pytest.approx(rounded)

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from operando.particles.labels.closing import (
    close_particles,
    distance,
    fill_enclosed,
    fill_small_cavities,
)

UNIT = (1.0, 1.0, 1.0)


def test_distance_to_another_label_with_voxel_shape() -> None:
    labels = np.zeros((1, 3, 6), np.int32)
    labels[..., :3], labels[..., 3:] = 1, 2
    assert distance(labels, (1, 1, 0.5))[0, 1].tolist() == [1.5, 1, 0.5, 0.5, 1, 1.5]


def test_small_cavities_are_filled_large_and_open_ones_stay() -> None:
    solid = np.ones((12, 12, 20), bool)
    solid[5, 5, 3:5] = solid[4:7, 4:7, 10:13] = solid[0, 5, 17] = False
    filled = fill_small_cavities(solid, 5, UNIT)
    assert filled[5, 5, 3:5].all()
    assert not filled[4:7, 4:7, 10:13].any()
    assert not filled[0, 5, 17]
    # The same cavity is larger when voxels are.
    assert not fill_small_cavities(solid, 5, (2, 2, 2))[5, 5, 3:5].any()


def test_a_hole_between_two_particles_is_of_none() -> None:
    ids = np.ones((7, 7, 12), np.int32)
    ids[..., 6:] = 2
    ids[3, 3, 2] = ids[3, 3, 5:7] = 0
    filled = fill_enclosed(ids)
    assert filled[3, 3, 2] == 1
    assert filled[3, 3, 5:7].tolist() == [0, 0]


def test_a_crack_is_closed_and_a_gap_between_two_is_not() -> None:
    domain = np.ones((15, 15, 30), np.int32)
    domain[..., 15:] = 2
    solid = np.ones(domain.shape, bool)
    solid[..., 14:16] = solid[:, :, 6:8] = False
    closed = close_particles(domain, solid, 1.5, UNIT)
    assert (closed[:, :, 6:8] == 1).all()
    assert not closed[..., 14:16].any()


def test_a_crack_is_closed_up_to_its_mouth_beside_another_particle() -> None:
    """Two plates, one voxel apart; a slit runs through the first one to the gap between them."""
    nearest = np.ones((9, 40, 21), np.int32)
    nearest[..., 11:] = 2
    solid = np.ones(nearest.shape, bool)
    solid[..., 10] = solid[:, 19:21, :10] = False
    closed = close_particles(nearest, solid, 5.0, UNIT)
    assert (closed[:, 19:21, :9] == 1).all()
    assert not closed[:, :10, 10].any()
    assert not closed[:, 30:, 10].any()
    assert (closed[..., 11:] == 2).all()


@pytest.mark.parametrize("spacing", [UNIT, (2.0, 1.0, 1.0), (1.0, 1.0, 2.0)])
def test_a_dent_is_no_crack_and_a_slit_is(spacing) -> None:
    shape = tuple(int(n / s) for n, s in zip((40, 60, 40), spacing, strict=True))
    z, y, x = np.moveaxis(
        np.moveaxis(np.indices(shape), 0, -1) * np.array(spacing) + np.array(spacing) / 2, -1, 0
    )
    plate = z > 10
    dent = plate & ((z - 8) ** 2 + (y - 12) ** 2 + (x - 20) ** 2 < 36)
    groove = plate & ((z - 9) ** 2 + (y - 30) ** 2 < 16)
    slit = plate & (abs(y - 50) < 2) & (z < 24)
    solid = plate & ~dent & ~groove & ~slit
    domain = (distance(~solid, spacing) <= 6).astype(np.int32)
    closed = close_particles(domain, solid, 5.0, spacing)
    filled = (closed == 1) & ~solid
    assert filled[slit].mean() > 0.8
    assert not filled[dent].any()
    assert not filled[groove].any()


@pytest.mark.parametrize(("radius", "width"), [(6, 2), (8, 3), (10, 4), (14, 5)])
@pytest.mark.parametrize("through", [True, False])
def test_wide_cracks_down_to_the_middle_are_cracks(make_ellipsoid, radius, width, through) -> None:
    """Up to a quarter of the diameter wide."""
    n = 2 * radius + 13
    ball = make_ellipsoid((n, n, n), (n / 2,) * 3, (radius,) * 3)
    _, y, x = np.indices(ball.shape)
    first = n // 2 - width // 2
    crack = ball & (x >= first) & (x < first + width) & (through | (y >= n // 2))
    solid = ball & ~crack
    domain = (distance(~solid, UNIT) <= radius / 4).astype(np.int32)
    closed = close_particles(domain, solid, radius / 4, UNIT)
    assert (closed[crack] == 1).mean() > 0.6


def test_whole_particles_with_bumps_are_not_cracked() -> None:
    from operando.particles import measure
    from operando.samples import loose_electrode, make_electrode

    settings = loose_electrode(shape=(48, 80, 80), frames=1, cracks__share=0.0)
    sample = make_electrode(settings, seed=0)
    solid = sample.phases[0] == 3
    _, nearest = distance_transform_edt(~solid, return_indices=True)
    domain = np.where(distance(~solid, UNIT) <= 6, sample.ids[0][tuple(nearest)], 0)
    closed = close_particles(domain.astype(np.int32), solid, 3.5, UNIT)
    table = measure(closed, phases=sample.phases[0], phase=3)
    assert len(table) > 20
    assert (table["crack_fraction"] >= 0.01).mean() < 0.03


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_holes_in_a_single_slice_are_filled(axis) -> None:
    ids = np.zeros((1, 20, 20), np.int32)
    ids[0, 3:15, 3:15] = 4
    ids[0, 7:10, 7:10] = 0
    filled = fill_enclosed(np.moveaxis(ids, 0, axis).copy())
    assert (filled == 4).sum() == 144

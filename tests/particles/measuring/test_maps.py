from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.particles.measuring.maps import crack_surface_map

SHAPE = (32, 40, 80)


@pytest.fixture
def cracked(make_slab):
    """One block of solid, with a crack across its right half."""
    ids = np.ones(SHAPE, np.int32)
    crack = make_slab(SHAPE, (1, 0, 0), (15.5, 0, 0), 4) & (np.indices(SHAPE)[2] >= 40)
    return ids, ~crack


@pytest.mark.parametrize("scale", [1, 2])
def test_area_per_volume_where_the_crack_is(cracked, scale) -> None:
    ids, solid = (v.repeat(scale, 0).repeat(scale, 1).repeat(scale, 2) for v in cracked)
    found, edges = crack_surface_map(ids, solid, spacing=(0.5 / scale,) * 3, block=2, window=14)
    assert edges == (2, 2, 2)
    assert found.shape == (8, 10, 20)
    assert (found[:, :, :6] == 0).all()
    # Two walls in the middle of a window of 14 µm, of which 14 or all 16 are in the image.
    middle = found[3:5, 4:6, 15:17]
    assert middle == pytest.approx(np.full_like(middle, 2 / 14), rel=0.05)


def test_ids_may_be_any_numbers(cracked) -> None:
    ids, solid = cracked
    one, _ = crack_surface_map(ids, solid, block=4, window=4)
    other, _ = crack_surface_map(np.iinfo(np.int32).max * ids, solid, block=4, window=4)
    np.testing.assert_array_equal(one, other)


def test_without_particles_there_is_nothing(cracked) -> None:
    ids, solid = cracked
    ids = np.where(np.indices(SHAPE)[2] < 40, ids, 0).astype(np.int32)
    found, _ = crack_surface_map(ids, solid & (ids > 0), block=4, window=4)
    assert np.isnan(found[:, :, 10:]).all()
    assert (found[:, :, :10] == 0).all()


def test_windows_below_a_block_are_refused(cracked) -> None:
    with pytest.raises(InputError, match="do not fit"):
        crack_surface_map(*cracked, block=5, window=2)

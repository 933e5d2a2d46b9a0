from __future__ import annotations

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.particles.parting.sizes import Sizes


def sizes_of(ids: np.ndarray, edge: int) -> Sizes:
    sizes = Sizes.none(int(ids.max()) + 1)
    for tile in plan_tiles(ids.shape, (edge,) * 3):
        sizes.add(ids[tile.core], tile, ids.shape)
    return sizes


def make_ids() -> np.ndarray:
    ids = np.zeros((12, 12, 12), np.int32)
    ids[5:9, 5:9, 5:9] = 1
    ids[2:4, 2:4, 2:4] = 2
    ids[0:2, 8:10, 8:10] = 3
    return ids


def test_blocks_count_like_the_whole() -> None:
    for edge in (5, 12):
        sizes = sizes_of(make_ids(), edge)
        assert sizes.count[1:].tolist() == [64, 8, 8]
        assert sizes.cut[1:].tolist() == [False, False, True]


def test_numbers_follow_the_first_voxel_and_leave_out_small_ones() -> None:
    sizes = sizes_of(make_ids(), 12)
    assert sizes.numbers(1.0, 5.0, 1.0, 12.0).tolist() == [0, 3, 2, 1]
    assert sizes.numbers(3.0, 5.0, 1.0, 12.0).tolist() == [0, 1, 0, 0]
    # At the border less is enough: a sixth of the typical diameter instead of a quarter.
    assert sizes.numbers(None, 12.0, 1.0, 12.0).tolist() == [0, 2, 0, 1]


def test_what_is_mostly_in_doubt_gets_no_number() -> None:
    ids = make_ids()
    sizes = sizes_of(ids, 12)
    sizes.add_doubt(np.where(np.arange(12) < 3, ids, 0))
    assert sizes.doubt[1:].tolist() == [0, 4, 0]
    assert sizes.numbers(1.0, 5.0, 1.0, 12.0).tolist() == [0, 3, 2, 1]
    sizes.add_doubt(np.where(ids == 2, ids, 0))
    assert sizes.numbers(1.0, 5.0, 1.0, 12.0).tolist() == [0, 2, 0, 1]


def test_a_limit_is_in_the_unit_of_the_voxel() -> None:
    sizes = sizes_of(make_ids(), 12)
    assert (
        sizes.numbers(0.3, 5.0, 0.001, 1.2).tolist() == sizes.numbers(3.0, 5.0, 1.0, 12.0).tolist()
    )

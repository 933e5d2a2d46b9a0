from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from operando.errors import InputError
from operando.particles.edits import (
    Edit,
    cut_along_line,
    delete,
    grow,
    merge,
    nearest_voxel,
    split_at_seeds,
)

SHAPE = (30, 34, 70)


@pytest.fixture
def two(make_ellipsoid):
    """Two spheres that overlap: 1 left of the neck at x = 34, 2 right of it."""
    left = make_ellipsoid(SHAPE, (15, 17, 21), (14, 14, 14))
    right = make_ellipsoid(SHAPE, (15, 17, 47), (14, 14, 14))
    ids = np.where(left | right, 1, 0).astype(np.int32)
    ids[(np.indices(SHAPE)[2] >= 34) & (ids > 0)] = 2
    return ids


def test_merging_and_deleting(two) -> None:
    assert (merge(two, [2, 1], 7, (1, 1, 1)) == 2 * (two > 0)).all()
    assert (delete(two, [1]) == np.where(two == 2, 2, 0)).all()


def test_the_crack_between_merged_pieces_belongs_to_them(make_ellipsoid) -> None:
    """Two halves of a ball and a third particle: only the gap between the halves is a crack."""
    ball = make_ellipsoid(SHAPE, (15, 17, 18), (13, 13, 13))
    x = np.indices(SHAPE)[2]
    crack = ball & (abs(x - 18) < 2)
    ids = np.where(ball & ~crack, np.where(x < 18, 4, 7), 0).astype(np.int32)
    ids[make_ellipsoid(SHAPE, (15, 17, 46), (13, 13, 13))] = 5
    merged = merge(ids, [7, 4], 5, (1, 1, 1))
    filled = (merged == 7) & (ids == 0)
    assert filled[crack].mean() > 0.8
    assert not filled[~ball].any()
    assert ((merged == 5) == (ids == 5)).all()
    assert not ((merge(ids, [4, 5], 5, (1, 1, 1)) > 0) & (ids == 0)).any()


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1)])
def test_seeds_part_at_the_neck(two, spacing) -> None:
    one = (two > 0).astype(np.int32)
    parts = split_at_seeds(one, 1, [np.array([15, 17, 60]), np.array([12, 20, 15])], 9, spacing)
    expected = np.where(two == 2, 1, np.where(two == 1, 9, 0))
    assert (parts == expected).mean() > 0.997
    assert set(np.unique(parts)) == {0, 1, 9}


def test_seeds_beside_the_particle_act_from_the_nearest_voxel(two) -> None:
    parts = split_at_seeds(two, 1, [np.array([15, 17, 0]), np.array([15, 17, 33])], 5, (1, 1, 1))
    assert {1, 2, 5} <= set(np.unique(parts))
    assert (parts[two == 2] == 2).all()
    with pytest.raises(InputError, match="same place"):
        split_at_seeds(two, 1, [np.array([1, 1, 1]), np.array([1, 1, 1])], 5, (1, 1, 1))


@pytest.mark.parametrize("end", [(15, 33, 41), (3, 33, 41)])
@pytest.mark.parametrize(("keeps", "left", "right"), [(46, 7, 2), (40, 2, 7)])
def test_a_line_cuts_through_all_slices(two, end, keeps, left, right) -> None:
    line = [np.array([15, 0, 41]), np.array(end)]
    parts = cut_along_line(two, 2, line, 0, 7, np.array([15, 17, keeps]))
    x = np.indices(SHAPE)[2]
    assert (parts[(two == 2) & (x < 41)] == left).all()
    assert (parts[(two == 2) & (x > 41)] == right).all()
    assert (parts[two == 1] == 1).all()


def test_a_line_beside_the_particle_is_refused(two) -> None:
    middle = np.array([15, 17, 46])
    with pytest.raises(InputError, match="does not cross particle 2"):
        cut_along_line(two, 2, [np.array([15, 0, 2]), np.array([15, 9, 2])], 0, 7, middle)
    with pytest.raises(InputError, match="no length"):
        cut_along_line(two, 2, [np.array([1, 1, 2]), np.array([9, 1, 2])], 0, 7, middle)


def test_growing_takes_free_solid_and_what_it_encloses(two) -> None:
    solid = two > 0
    solid[15, 17, 21] = False
    lost = np.where(two == 1, 0, two)
    grown = grow(lost, solid, (15, 17, 12), 4)
    assert (grown == np.where(two == 1, 4, two)).all()
    shrunk = np.where((two == 1) & (np.indices(SHAPE)[0] > 15), 0, two)
    assert (grow(shrunk, solid, (10, 17, 12), 4) == two).all()
    with pytest.raises(InputError, match="no solid"):
        grow(two, solid, (0, 0, 0), 4)


def test_the_nearest_voxel_knows_the_voxel_size() -> None:
    mask = np.zeros((5, 5, 5), bool)
    mask[0, 2, 2] = mask[2, 2, 4] = True
    assert nearest_voxel(mask, np.array([2, 2, 2]), (0.5, 1, 1)) == (0, 2, 2)
    assert nearest_voxel(mask, np.array([2, 2, 2]), (3, 1, 1)) == (2, 2, 4)


@pytest.mark.parametrize(("kind", "count"), [("merge", 1), ("split", 3), ("cut", 2), ("delete", 0)])
def test_a_correction_needs_its_points(kind, count) -> None:
    with pytest.raises(ValidationError, match="takes"):
        Edit(kind=kind, frame=0, points=((0, 0, 0),) * count)

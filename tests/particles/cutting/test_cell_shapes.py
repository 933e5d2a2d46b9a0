from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from operando.compute.tiles import plan_tiles
from operando.particles.cutting.cell_shapes import (
    AIM,
    AIM_SQUARED,
    PLACE,
    RIM,
    SURFACE,
    VOLUME,
    CellShapes,
    compactness,
    shapes_of_cells,
    smoothness,
)

SPACING = (3.0, 2.0, 1.0)


def look(solid, labels, spacing=(1.0, 1.0, 1.0), size=None, aim=None) -> CellShapes:
    """Shapes from blocks of a size, put together as those of the whole volume."""
    outside = distance_transform_edt(~solid, spacing) - distance_transform_edt(solid, spacing)
    names, parts = [], []
    count = int(labels.max())
    for tile in plan_tiles(solid.shape, size or solid.shape):
        seen = tuple(slice(s.start, s.stop + 1) for s in tile.core)
        block = labels[seen].astype(np.int32)
        distances = outside[seen].astype(np.float32)
        parts.append(shapes_of_cells(block, distances, spacing, tile, solid.shape, count, aim))
        names.append(np.arange(1, count + 1))
    return CellShapes.chained(parts).joined(np.concatenate(names), count + 1)


@pytest.fixture
def bars():
    """Two boxes of 4 x 4 x 4 and 4 x 4 x 6 voxels that share a face, in gaps that are labelled."""
    labels = np.ones((10, 8, 12), np.int32)
    labels[:, :, 6:] = 2
    solid = np.zeros(labels.shape, bool)
    solid[3:7, 2:6, 2:12] = True
    return solid, labels


def test_what_is_summed_of_boxes(bars) -> None:
    shapes = look(*bars, SPACING)
    one, other = shapes.sums[1:]
    assert (one[VOLUME], other[VOLUME]) == (4 * 4 * 4 * 6, 4 * 4 * 6 * 6)
    assert (one[PLACE] / one[VOLUME]).tolist() == [4.5 * 3, 3.5 * 2, 3.5]
    # Four sides and the end that faces a gap; the other box ends at the border of the image.
    assert one[SURFACE] == 2 * (4 * 4 * 2 + 4 * 4 * 3) + 4 * 4 * 6
    assert other[SURFACE] == 2 * (4 * 6 * 2 + 4 * 6 * 3)
    assert (one[RIM], other[RIM]) == (0, 4 * 4 * 6)
    assert shapes.inscribed.tolist() == [0, 4, 4]


@pytest.mark.parametrize("size", [None, (3, 8, 5)])
def test_what_cells_aim_at_adds_up(bars, size) -> None:
    goals = np.array([[10.0, 7.0, 3.0], [12.0, 5.0, 9.0]])
    solid, labels = bars
    # Half of what is solid aims at one goal and half at the other, in slices of even number.
    goal = np.where(np.indices(labels.shape)[0] % 2, 0, 1)
    place = np.indices(labels.shape) * np.reshape(SPACING, (3, 1, 1, 1))
    way = np.moveaxis(goals[goal], -1, 0) - place

    def aim(box):
        return way[(slice(None), *box)].astype(np.float32)

    sums = look(solid, labels, SPACING, size, aim).sums[1:]
    for one in sums:
        np.testing.assert_allclose(one[AIM] / one[VOLUME], goals.mean(axis=0), rtol=1e-6)
        spread = one[AIM_SQUARED] / one[VOLUME] - ((one[AIM] / one[VOLUME]) ** 2).sum()
        assert spread == pytest.approx((((goals[0] - goals[1]) / 2) ** 2).sum(), rel=1e-5)
    nowhere = look(solid, labels, SPACING, size).sums
    itself = look(solid, labels, SPACING, size, lambda box: np.zeros((3, *way[0][box].shape)))
    np.testing.assert_allclose(nowhere, itself.sums, rtol=1e-12)


@pytest.mark.parametrize("size", [(4, 8, 5), (10, 3, 12), (3, 3, 3)])
def test_blocks_sum_to_the_whole(bars, size) -> None:
    whole, blocks = look(*bars, SPACING), look(*bars, SPACING, size)
    np.testing.assert_allclose(blocks.sums, whole.sums, rtol=1e-12)
    np.testing.assert_array_equal(blocks.inscribed, whole.inscribed)


def test_joined_cells_are_as_one(bars) -> None:
    solid, labels = bars
    joined = look(solid, labels).joined(np.array([0, 1, 1]), 2)
    one = look(solid, np.ones_like(labels))
    np.testing.assert_allclose(joined.sums, one.sums, rtol=1e-12)
    assert joined.inscribed.tolist() == one.inscribed.tolist()


def test_an_ellipsoid_is_compact_and_two_balls_are_not(make_ellipsoid) -> None:
    shape = (30, 30, 60)
    single = make_ellipsoid(shape, (15, 15, 30), (9, 12, 20))
    pair = make_ellipsoid(shape, (15, 15, 18), (10, 10, 10))
    pair |= make_ellipsoid(shape, (15, 15, 42), (10, 10, 10))
    found = [compactness(look(s, s.astype(np.int32)).sums, 1.0)[1] for s in (single, pair)]
    assert found[0] == pytest.approx(0, abs=0.02)
    # Radius 1, 2.4 apart: second moments 1/5 across and 1/5 + 1.44 along.
    assert found[1] == pytest.approx(np.log(2 / np.sqrt(1 + 5 * 1.44)), abs=0.03)


def test_a_ball_is_smooth(make_ellipsoid) -> None:
    ball = make_ellipsoid((40, 40, 40), (20, 20, 20), (15, 15, 15))
    sums = look(ball, ball.astype(np.int32)).sums[1:]
    assert smoothness(sums, 1.0)[0] == pytest.approx(0, abs=0.02)

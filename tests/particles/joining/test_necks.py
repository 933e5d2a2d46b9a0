from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from operando.compute.tiles import plan_tiles
from operando.particles.cutting.basin_graph import BasinGraph, touching
from operando.particles.cutting.cell_shapes import AIM, AIM_SQUARED, VOLUME, shapes_of_cells
from operando.particles.joining.guided import Parts
from operando.particles.joining.necks import (
    FEATURES,
    NeckRule,
    describe_necks,
    join_at_necks,
    joined_parts,
    shipped_rule,
)


def by_neck(threshold: float = 0.5) -> NeckRule:
    weights = np.zeros((1, len(FEATURES)))
    weights[0, FEATURES.index("neck")] = 1
    return NeckRule(np.zeros(len(FEATURES)), np.ones(len(FEATURES)), ((weights, [-threshold]),))


def test_features_do_not_depend_on_the_unit(make_parts, balls) -> None:
    small = make_parts([(1, 2)], [0.6], [80.0], gap=40.0, gap_depth=0.3, counts=[900, 4000])
    graph = small.graph
    scaled = BasinGraph(
        graph.pairs,
        graph.saddle,
        graph.contact * 0.01,
        graph.gap * 0.01,
        graph.gap_volume * 0.001,
        graph.gap_height * 0.01,
        graph.seam * 0.01,
        graph.clearance * 0.1,
        graph.clearance_sum * 0.001,
    )
    shapes = balls(small.count, 0.1)
    large = Parts(small.names, small.peaks, small.count, small.known, shapes, scaled)
    np.testing.assert_allclose(
        describe_necks(small, 1.0, 20.0), describe_necks(large, 0.001, 2.0), rtol=1e-6
    )


def test_what_is_measured_of_a_neck(make_parts) -> None:
    radius = 10.0
    ball = round(4 / 3 * np.pi * radius**3)
    section = np.pi * radius**2
    parts = make_parts(
        [(1, 2)], [0.6], [section / 2], gap=section / 4, gap_depth=0.3, counts=[8 * ball, ball]
    )
    (features,) = describe_necks(parts, 1.0, 40.0)
    told = dict(zip(FEATURES, features, strict=True))
    assert told["contact"] == pytest.approx(0.5, rel=1e-3)
    assert told["gap"] == pytest.approx(0.25, rel=1e-3)
    assert told["neck"] == pytest.approx(0.6)
    assert told["gap_width"] == pytest.approx(10 * 1.5 / 40)
    assert told["gap_depth"] == pytest.approx(0.3)
    assert np.exp(told["size_ratio"]) == pytest.approx(1 / 8, rel=0.01)
    assert np.exp(told["small_size"]) == pytest.approx(0.5, rel=1e-3)
    assert np.exp(told["large_size"]) == pytest.approx(1.0, rel=1e-3)
    assert told["clearance"] == pytest.approx(np.sqrt(1 / 2), rel=1e-3)
    assert told["thickness"] == pytest.approx(np.sqrt(1 / 2), rel=1e-3)
    assert told["mean_clearance"] == pytest.approx(np.sqrt(1.5) / 3, rel=1e-3)
    assert told["seam"] == pytest.approx(1 / 8, rel=1e-3)
    assert told["small_compactness"] == pytest.approx(0, abs=1e-2)
    assert told["joint_compactness"] < -0.5
    assert np.exp(told["small_smoothness"]) == pytest.approx(1.5 * 2, rel=1e-3)
    assert told["small_inscribed"] == pytest.approx(1, rel=1e-3)
    assert told["large_rim"] == pytest.approx(0.1 / np.pi, rel=1e-3)
    # The centres are 100 apart, and the larger ball holds eight ninths of the volume.
    assert told["aims_apart"] == pytest.approx(100 / 40)
    assert told["aims_over_centres"] == pytest.approx(1)
    assert told["small_aim"] == told["large_aim"] == pytest.approx(0, abs=1e-6)
    assert told["joint_aim"] == pytest.approx(0, abs=1e-6)
    assert told["small_scatter"] == pytest.approx(0, abs=1e-6)
    spread = np.sqrt(8 / 9 * 1 / 9) * 100
    assert told["joint_scatter"] == pytest.approx(spread / (radius * 9 ** (1 / 3)), rel=1e-3)


def test_parts_that_aim_at_one_place_are_told_from_those_that_do_not(make_parts) -> None:
    parts = make_parts([(1, 2)], [0.6], [80.0])
    middle = 1.5 * 100.0
    volume = parts.shapes.sums[:, VOLUME]
    parts.shapes.sums[:, AIM] = volume[:, None] * [middle, 0, 0]
    parts.shapes.sums[:, AIM_SQUARED] = volume * middle**2
    told = dict(zip(FEATURES, describe_necks(parts, 1.0, 40.0)[0], strict=True))
    assert told["aims_apart"] == told["aims_over_centres"] == 0
    assert told["joint_aim"] == told["joint_scatter"] == 0
    assert told["small_aim"] == 3


def test_high_necks_join_low_ones_do_not(make_parts) -> None:
    parts = make_parts([(1, 2), (2, 3), (3, 4)], [0.8, 0.3, 0.6], [10, 10, 10])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.0).tolist() == [0, 1, 1, 2, 2]
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.3, 0.0).tolist() == [0, 1, 1, 1, 1]


def test_what_was_one_particle_stays_one_and_what_was_two_stays_two(make_parts) -> None:
    parts = make_parts([(1, 2), (2, 3)], [0.4, 0.6], [10, 10])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.2).tolist() == [0, 1, 2, 2]
    parts = make_parts([(1, 2), (2, 3)], [0.4, 0.6], [10, 10], known=[7, 7, 8])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.2).tolist() == [0, 1, 1, 2]


def test_joined_parts_add_up(make_parts) -> None:
    parts = make_parts(
        [(1, 2), (2, 3)], [0.8, 0.3], [10, 10], counts=[100, 300, 50], known=[5, 6, 0]
    )
    joined = joined_parts(parts, np.array([0, 1, 1, 2], np.int32))
    assert joined.count.tolist() == [0, 400, 50]
    assert joined.known.tolist() == [0, 6, 0]
    assert joined.graph.pairs.tolist() == [[1, 2]]


def test_the_shipped_rule_tells_a_neck_from_a_contact(make_ellipsoid) -> None:
    size = (32, 32, 56)
    lobes = make_ellipsoid(size, (16, 16, 18), (12, 12, 12))
    lobes |= make_ellipsoid(size, (16, 16, 38), (12, 12, 12))
    depth = np.minimum(distance_transform_edt(lobes) / 12, 1)
    halves = np.ones(size, np.int32)
    halves[:, :, 28:] = 2
    touching_balls = lobes.copy()
    touching_balls[:, :, 27:29] &= np.indices((*size[:2], 2)).sum(axis=0) % 2 == 0
    odds = [
        float(
            shipped_rule("mask").score(describe_necks(parts_of(solid, halves, depth), 1.0, 24.0))[0]
        )
        for solid in (lobes, touching_balls)
    ]
    assert odds[0] > odds[1] + 1


def parts_of(solid, labels, depth) -> Parts:
    """Parts that fill an image, given how deep in its particle every voxel lies."""
    (tile,) = plan_tiles(solid.shape, solid.shape)
    outside = distance_transform_edt(~solid) - distance_transform_edt(solid)
    labels = np.where(outside <= 3, labels, 0).astype(np.int32)
    height = (depth / depth.max()).astype(np.float32)
    unit, count = (1.0, 1.0, 1.0), int(labels.max())
    distances = outside.astype(np.float32)
    shapes = shapes_of_cells(labels, distances, unit, tile, solid.shape, count)
    return Parts(
        np.arange(count + 1, dtype=np.int32),
        np.array([0, *(height[labels == k].max() for k in range(1, count + 1))], np.float32),
        np.bincount(labels.ravel()),
        np.zeros(count + 1, np.int32),
        shapes.joined(np.arange(1, count + 1), count + 1),
        touching(labels, height, distances, unit),
    )

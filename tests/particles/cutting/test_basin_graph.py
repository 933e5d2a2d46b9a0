from __future__ import annotations

import numpy as np

from operando.particles.cutting.basin_graph import BasinGraph, contract, touching

UNIT = (1.0, 1.0, 1.0)


def test_basins_that_touch_know_their_pass_and_area() -> None:
    x = np.arange(21, dtype=np.float32)
    row = np.maximum(10 - np.abs(x - 4), 8 - np.abs(x - 14))
    height = row - np.array([1, 0, 1])[:, None] - np.array([1, 0, 1])[:, None, None]
    labels = np.broadcast_to(np.where(x < 11, 1, 2), height.shape).astype(np.int32)
    graph = touching(labels, height.astype(np.float32), np.zeros(height.shape, np.float32), UNIT)
    assert graph.pairs.tolist() == [[1, 2]]
    assert graph.saddle.tolist() == [4]
    assert graph.contact.tolist() == [9]
    assert graph.gap.tolist() == [0]


def test_a_gap_counts_its_area_width_and_height() -> None:
    labels = np.array([[[1, 1, 2, 2]]], np.int32)
    height = np.array([[[2, 0.5, 0.75, 2]]], np.float32)
    outside = np.array([[[0, 1, 1, 0]]], np.float32)
    graph = touching(labels, height, outside, (3.0, 2.0, 1.0))
    assert graph.contact.tolist() == [0]
    assert graph.gap.tolist() == [6]
    assert graph.gap_volume.tolist() == [12]
    assert graph.gap_height.tolist() == [3]


def test_contracting_adds_areas_and_keeps_the_highest_pass() -> None:
    one = np.array([1.0, 2.0, 4.0])
    graph = BasinGraph(
        np.array([[1, 2], [1, 3], [2, 3]]), np.array([5, 3, 4], np.float32), *[one] * 7
    )
    joined = contract(graph, np.array([0, 1, 1, 2], np.int32))
    assert joined.pairs.tolist() == [[1, 2]]
    assert joined.saddle.tolist() == [4]
    assert joined.contact.tolist() == joined.gap_height.tolist() == [6]
    assert joined.seam.tolist() == joined.clearance_sum.tolist() == [6]
    assert joined.clearance.tolist() == [4]


def test_an_interface_knows_how_far_from_gaps_it_runs() -> None:
    labels = np.broadcast_to(np.array([1, 2], np.int32), (1, 3, 2))
    height = np.ones(labels.shape, np.float32)
    outside = -np.array([[[2, 1], [5, 4], [1, 1]]], np.float32)
    graph = touching(labels, height, outside, (3.0, 2.0, 1.0))
    assert graph.clearance.tolist() == [4]
    assert graph.clearance_sum.tolist() == [6 * (1 + 4 + 1)]
    assert graph.seam.tolist() == graph.gap.tolist() == graph.gap_volume.tolist() == [0]


def test_a_seam_is_a_gap_of_a_voxel_or_two() -> None:
    labels = np.broadcast_to(np.array([1, 2], np.int32), (1, 3, 2))
    height = np.ones(labels.shape, np.float32)
    outside = np.array([[[-1, 1], [2, 3], [-1, -1]]], np.float32)
    graph = touching(labels, height, outside, UNIT)
    assert graph.seam.tolist() == [1]
    assert graph.gap.tolist() == [2]

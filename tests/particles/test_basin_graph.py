from __future__ import annotations

import numpy as np

from operando.particles.basin_graph import BasinGraph, contract, touching

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
        np.array([[1, 2], [1, 3], [2, 3]]), np.array([5, 3, 4], np.float32), *[one] * 4
    )
    joined = contract(graph, np.array([0, 1, 1, 2], np.int32))
    assert joined.pairs.tolist() == [[1, 2]]
    assert joined.saddle.tolist() == [4]
    assert joined.contact.tolist() == joined.gap_height.tolist() == [6]

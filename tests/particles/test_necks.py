from __future__ import annotations

import numpy as np
import pytest

from operando.particles.basin_graph import BasinGraph
from operando.particles.guided import Parts
from operando.particles.learned import BIAS
from operando.particles.necks import (
    FEATURES,
    NeckRule,
    describe_necks,
    join_at_necks,
    joined_parts,
    shipped_rule,
)


def make_parts(pairs, saddle, contact, gap=0.0, gap_depth=0.0, counts=None, known=None) -> Parts:
    n = int(np.max(pairs)) + 1
    contact, saddle = np.array(contact, float), np.array(saddle, np.float32)
    gaps = np.zeros(len(pairs)) + gap
    peaks = np.ones(n, np.float32)
    peaks[0] = -np.inf
    return Parts(
        np.arange(n, dtype=np.int32),
        peaks,
        np.array([0, *(counts or [4000] * (n - 1))]),
        np.array([0, *(known or [0] * (n - 1))], np.int32),
        BasinGraph(np.array(pairs), saddle, contact, gaps, gaps * 1.5, gaps * gap_depth),
    )


def by_neck(threshold: float = 0.5) -> NeckRule:
    weights = np.zeros((1, len(FEATURES)))
    weights[0, FEATURES.index("neck")] = 1
    return NeckRule(np.zeros(len(FEATURES)), np.ones(len(FEATURES)), ((weights, [-threshold]),))


def test_features_do_not_depend_on_the_unit() -> None:
    small = make_parts([(1, 2)], [0.6], [80.0], gap=40.0, gap_depth=0.3, counts=[900, 4000])
    graph = small.graph
    scaled = BasinGraph(
        graph.pairs,
        graph.saddle,
        graph.contact * 0.01,
        graph.gap * 0.01,
        graph.gap_volume * 0.001,
        graph.gap_height * 0.01,
    )
    large = Parts(small.names, small.peaks, small.count, small.known, scaled)
    np.testing.assert_allclose(
        describe_necks(small, 1.0, 20.0), describe_necks(large, 0.001, 2.0), rtol=1e-6
    )


def test_what_is_measured_of_a_neck() -> None:
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


def test_high_necks_join_low_ones_do_not() -> None:
    parts = make_parts([(1, 2), (2, 3), (3, 4)], [0.8, 0.3, 0.6], [10, 10, 10])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.0).tolist() == [0, 1, 1, 2, 2]
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.3, 0.0).tolist() == [0, 1, 1, 1, 1]


def test_what_was_one_particle_stays_one_and_what_was_two_stays_two() -> None:
    parts = make_parts([(1, 2), (2, 3)], [0.4, 0.6], [10, 10])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.2).tolist() == [0, 1, 2, 2]
    parts = make_parts([(1, 2), (2, 3)], [0.4, 0.6], [10, 10], known=[7, 7, 8])
    assert join_at_necks(parts, by_neck(), 1.0, 20.0, 0.0, 0.2).tolist() == [0, 1, 1, 2]


def test_joined_parts_add_up() -> None:
    parts = make_parts(
        [(1, 2), (2, 3)], [0.8, 0.3], [10, 10], counts=[100, 300, 50], known=[5, 6, 0]
    )
    joined = joined_parts(parts, np.array([0, 1, 1, 2], np.int32))
    assert joined.count.tolist() == [0, 400, 50]
    assert joined.known.tolist() == [0, 6, 0]
    assert joined.graph.pairs.tolist() == [[1, 2]]


def test_the_shipped_rule_tells_cracks_from_contacts() -> None:
    section = np.pi * (3 / (4 * np.pi) * 4000) ** (2 / 3)
    # A crack right through the middle, and a contact with a gap around it.
    parts = make_parts(
        [(1, 2), (3, 4)],
        [0.9, 0.3],
        [0, 0.2 * section],
        gap=np.array([section, 0.4 * section]),
        gap_depth=np.array([0.6, 0.1]),
    )
    joined = join_at_necks(parts, shipped_rule(), 1.0, 20.0, BIAS, 0.0)
    assert joined.tolist() == [0, 1, 1, 2, 3]

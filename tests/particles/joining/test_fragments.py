from __future__ import annotations

import numpy as np
import pytest

from operando.particles.cutting.basin_graph import BasinGraph
from operando.particles.joining.fit import (
    CLEAN_CUT,
    FEATURES,
    describe_fit,
    fit_rule,
    fits_cleanly,
    shipped_rule,
)
from operando.particles.joining.fragments import fuse_bumps, join_pieces, make_pieces
from operando.particles.joining.hulls import hull_of_mask

UNIT = (1.0, 1.0, 1.0)


def graph(pairs, saddle, contact, gap=0.0, width=0.0) -> BasinGraph:
    gaps = np.full(len(pairs), float(gap))
    return BasinGraph(
        np.array(pairs),
        np.array(saddle),
        np.array(contact, float),
        gaps,
        gaps * width,
        *[0 * gaps] * 4,
    )


def test_hull_of_a_box_is_the_box() -> None:
    hull = hull_of_mask(np.ones((3, 4, 5), bool), (1, 2, 0.5), (10, 0, 0))
    assert hull.volume == pytest.approx(3 * 8 * 2.5)
    assert hull.points.min(0).tolist() == [9.5, -1, -0.25]
    other = hull_of_mask(np.ones((3, 4, 5), bool), (1, 2, 0.5), (13, 0, 0))
    assert hull.joined(other).volume == pytest.approx(6 * 8 * 2.5)


def test_a_single_voxel_has_a_hull() -> None:
    assert hull_of_mask(np.ones((1, 1, 1), bool), UNIT, (0, 0, 0)).volume == pytest.approx(1)


def test_bumps_join_over_high_passes_only() -> None:
    names, peaks = fuse_bumps(
        np.array([0, 10, 9, 8], np.float32), graph([(1, 2), (2, 3)], [8.9, 4.0], [1, 1]), 0.9
    )
    assert names.tolist() == [0, 1, 1, 2]
    assert peaks.tolist() == [0, 10, 8]


def test_joining_takes_the_best_first_and_weighs_again() -> None:
    labels = np.repeat([1, 2, 3], 4).reshape(1, 1, -1) * np.ones((4, 4, 1), int)
    pieces = make_pieces(
        [(labels.astype(np.int32), (0, 0, 0))],
        np.array([0, 2, 2, 2], np.float32),
        graph([(1, 2), (2, 3)], [1.0, 1.5], [16, 16]),
        UNIT,
    )
    assert pieces[2].volume == 64
    asked = []

    def score(a, b, border) -> float:
        asked.append((a.volume, b.volume))
        return border.saddle if a.volume + b.volume <= 128 else -1

    assert join_pieces(pieces, score) == {1: 1, 2: 2, 3: 2}
    assert {asked[-1][0], asked[-1][1]} == {64, 128}
    assert pieces[2].hull.volume == pytest.approx(128)


def test_a_piece_in_two_blocks_is_one() -> None:
    edges = graph([(1, 2)], [1.0], [4])
    peaks = np.array([0, 2, 2], np.float32)
    labels = np.repeat([1, 2], [2, 6]).reshape(1, 1, -1) * np.ones((3, 4, 1), np.int32)
    blocks = [(labels[..., :4], (0, 0, 0)), (labels[..., 4:], (0, 0, 4))]
    pieces = make_pieces(blocks, peaks, edges, UNIT)
    assert [pieces[k].volume for k in (1, 2)] == [24, 72]
    assert pieces[2].hull.volume == pytest.approx(72)


def test_features_do_not_depend_on_the_unit() -> None:
    def features(scale: float) -> np.ndarray:
        labels = np.repeat([1, 2], 6).reshape(1, 1, -1) * np.ones((8, 8, 1), int)
        edges = graph([(1, 2)], [2.0 * scale], [64 * scale**2])
        peaks = np.array([0, 3, 3], np.float32) * scale
        pieces = make_pieces([(labels.astype(np.int32), (0, 0, 0))], peaks, edges, (scale,) * 3)
        return describe_fit(pieces[1], pieces[2], pieces[1].borders[2], 9 * scale)

    assert features(1).shape == (len(FEATURES),)
    np.testing.assert_allclose(features(0.1), features(1), rtol=1e-5, atol=1e-9)
    assert features(1)[FEATURES.index("hollow")] == pytest.approx(0, abs=1e-9)
    assert features(1)[FEATURES.index("joint_solidity")] == pytest.approx(1)


def test_the_shipped_rule_joins_halves_of_a_ball_and_parts_two_balls(make_ellipsoid) -> None:
    shape = (44, 44, 84)
    left = make_ellipsoid(shape, (21.7, 22, 22), (18, 18, 18))
    right = make_ellipsoid(shape, (21.7, 22, 56), (18, 18, 18)) & ~left
    halves = left.astype(np.int32)
    halves[:, 23:] *= 2
    halves[:, 21:23] = 0
    crack = graph([(1, 2)], [-1.0], [0], gap=np.pi * 18**2, width=3)
    neck = graph([(1, 2)], [6.0], [np.pi * 6**2])
    scores = []
    for labels, peak, edges in ((halves, 9, crack), (left + 2 * right, 18, neck)):
        peaks = np.array([0, peak, peak], np.float32)
        pieces = make_pieces([(labels.astype(np.int32), (0, 0, 0))], peaks, edges, UNIT)
        features = describe_fit(pieces[1], pieces[2], pieces[1].borders[2], 36)
        clean = CLEAN_CUT * fits_cleanly(features)
        scores.append(float(shipped_rule().score(features) + clean))
    assert scores[0] > 0 > scores[1]


def test_a_rule_learns_what_is_told() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, len(FEATURES)))
    together = features[:, 0] * features[:, 1] > 0.1
    rule = fit_rule(features, together)
    assert ((rule.score(features) > 0) == together).mean() > 0.95

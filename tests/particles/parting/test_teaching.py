"""Corrections of one volume teach the rule what is true in others that look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import Cancelled
from operando.particles.joining.necks import FEATURES, NeckRule
from operando.particles.parting.teaching import CorrectedFrame, edits_between, teach

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.particles.joining.guided import Parts

    Couples = Callable[[int], tuple[Parts, NDArray[np.int64]]]

PAIRS = 40
NECK, GAP = FEATURES.index("neck"), FEATURES.index("gap_depth")


def by_neck() -> NeckRule:
    """A rule that sees necks and gaps, and heeds necks alone: it joins those above 0.5."""
    see = np.zeros((2, len(FEATURES)))
    see[0, NECK] = see[1, GAP] = 1
    first = (20 * see, np.zeros(2))
    return NeckRule(
        np.zeros(len(FEATURES)), np.ones(len(FEATURES)), (first, (np.array([[1.0, 0]]), [-10.0]))
    )


@pytest.fixture
def couples(make_parts) -> Couples:
    """Couples of parts that are one particle if their gap lies deep, whatever the neck is."""
    return lambda seed: _couples(make_parts, seed)


def _couples(make_parts, seed: int) -> tuple[Parts, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    saddle, deep = rng.uniform(0.35, 0.65, PAIRS), np.arange(PAIRS) % 2 == 0
    ends = np.arange(1, 2 * PAIRS + 1).reshape(-1, 2)
    parts = make_parts(ends, saddle, [80.0] * PAIRS, gap=40.0, gap_depth=np.where(deep, 0.8, 0.1))
    own = np.arange(2 * PAIRS + 1)
    own[ends[deep, 1]] = ends[deep, 0]
    return parts, own


def frame(couples: Couples, seed: int, corrected: int) -> CorrectedFrame:
    """So many couples were looked at, all others are as the rule joins them."""
    parts, own = couples(seed)
    as_found = (
        CorrectedFrame(parts, own, frozenset(), 1.0, 20.0).join(by_neck(), 0.0).astype(np.int64)
    )
    looked_at = np.arange(len(own)) <= 2 * corrected
    known = np.where(looked_at, own, as_found + len(own))
    known[0] = 0
    return CorrectedFrame(parts, known, frozenset(own[looked_at].tolist()) - {0}, 1.0, 20.0)


def errors(couples: Couples, rule: NeckRule, seed: int) -> int:
    parts, own = couples(seed)
    names = CorrectedFrame(parts, own, frozenset(), 1.0, 20.0).join(rule, 0.0)
    return edits_between(names, own, np.unique(own[own > 0]))


def test_what_all_corrections_say_is_learned_and_holds_elsewhere(couples) -> None:
    seeds = (0, 2, 3)
    taught = teach(by_neck(), [frame(couples, seed, PAIRS) for seed in seeds], 0.0)
    assert taught.helps
    assert taught.changed == 0
    assert taught.needed == sum(errors(couples, by_neck(), seed) for seed in seeds)
    assert taught.spared > 0.7 * taught.needed
    assert errors(couples, taught.rule, 1) < 0.3 * errors(couples, by_neck(), 1)


def test_a_rule_that_is_right_stays(couples) -> None:
    parts, own = couples(0)
    names = CorrectedFrame(parts, own, frozenset(), 1.0, 20.0).join(by_neck(), 0.0)
    accepted = frozenset(names.tolist()) - {0}
    frame = CorrectedFrame(parts, names.astype(np.int64), accepted, 1.0, 20.0)
    taught = teach(by_neck(), [frame], 0.0)
    assert taught.needed == 0
    assert taught.spared <= 0
    assert not taught.helps
    after = frame.join(taught.rule, 0.0)
    assert edits_between(after, names, accepted) <= PAIRS / 20  # some lie on the pass


@pytest.mark.parametrize("seed", range(1, 6))
def test_corrections_without_a_rule_in_them_do_not_help(couples, seed: int) -> None:
    parts, _ = couples(0)
    own = np.arange(2 * PAIRS + 1)
    one = np.flatnonzero(np.random.default_rng(seed).random(PAIRS) < 0.5)
    own[2 * one + 2] = 2 * one + 1
    everyone = frozenset(own.tolist()) - {0}
    taught = teach(by_neck(), [CorrectedFrame(parts, own, everyone, 1.0, 20.0)], 0.0)
    assert taught.needed > 10
    assert taught.spared < taught.needed / 3


def test_nothing_to_learn_from_changes_nothing(couples) -> None:
    parts, own = couples(0)
    nobody = CorrectedFrame(parts, own, frozenset(), 1.0, 20.0)
    taught = teach(by_neck(), [nobody], 0.0)
    assert (taught.needed, taught.changed) == (0, 0)
    np.testing.assert_allclose(taught.rule.layers[-1][0], by_neck().layers[-1][0], atol=0.05)


def test_merges_and_splits_are_counted() -> None:
    names = np.array([0, 1, 1, 2, 3, 4, 4], np.int32)
    own = np.array([0, 1, 2, 3, 3, 4, 4])
    # One split for 1 and 2, one merge for 3, nothing for 4.
    assert edits_between(names, own, [1, 2]) == 1
    assert edits_between(names, own, [3]) == 1
    assert edits_between(names, own, [4]) == 0
    assert edits_between(names, own, [1, 2, 3, 4]) == 2


def test_it_can_be_stopped(couples) -> None:
    def stop(_progress: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        teach(by_neck(), [frame(couples, 0, PAIRS)], 0.0, stop)

from __future__ import annotations

import numpy as np

from operando.segment.phases.pieces import SLAB, Pieces


def test_pieces_are_those_of_the_whole_volume(rng: np.random.Generator) -> None:
    """Labelled slab by slab, three slabs high, against scipy on the whole."""
    from scipy.ndimage import label

    labels = rng.integers(1, 4, (2 * SLAB + 9, 20, 20)).astype(np.uint8)
    labels[:, 5, 5] = 2
    found = Pieces(labels)
    ids = found.read(0, len(labels))
    assert ids.min() == 1
    assert len(np.unique(ids)) == len(found.sizes)
    for k in (1, 2, 3):
        expected, n = label(labels == k)
        assert (found.classes == k).sum() == n
        pairs = np.unique(np.stack([ids[labels == k], expected[labels == k]]), axis=1)
        assert pairs.shape[1] == n, "one number for one"
    np.testing.assert_array_equal(np.bincount(ids.ravel())[1:], found.sizes)
    part = found.read(SLAB - 3, SLAB + 7)
    np.testing.assert_array_equal(part, ids[SLAB - 3 : SLAB + 7])


def test_what_touches_a_side_is_known() -> None:
    labels = np.ones((SLAB + 8, 12, 12), np.uint8)
    labels[4:6, 4:6, 4:6] = 2
    labels[SLAB - 1 : SLAB + 8, 8, 8] = 3
    labels[20, 3, 0] = 4
    found = Pieces(labels)
    side = {int(k): bool(at) for k, at in zip(found.classes, found.may_go_on, strict=True)}
    assert side == {1: True, 2: False, 3: True, 4: True}


def test_what_touches_a_gap_may_go_on() -> None:
    labels = np.ones((SLAB + 8, 16, 16), np.uint8)
    labels[SLAB - 1, 8, 8] = labels[SLAB, 12, 12] = 0
    labels[SLAB, 8, 8] = 2
    labels[SLAB - 1, 9, 8] = 3
    labels[SLAB - 1, 12, 12] = 4
    labels[SLAB + 1, 9, 9] = 5
    found = Pieces(labels, not_imaged=0)
    beside = {int(k): bool(at) for k, at in zip(found.classes, found.may_go_on, strict=True)}
    assert beside == {1: True, 2: True, 3: True, 4: True, 5: False}
    assert Pieces(labels).may_go_on.sum() == 1, "nothing is known of gaps"


def test_one_class_alone() -> None:
    labels = np.full((SLAB + 2, 6, 6), 3, np.uint8)
    labels[SLAB - 1 : SLAB + 1, 2, 2] = 2
    found = Pieces(labels, only=2)
    assert found.sizes.tolist() == [2]
    assert found.classes.tolist() == [2]
    np.testing.assert_array_equal(found.read(0, SLAB + 2) == 1, labels == 2)
    assert Pieces(labels, only=5).sizes.tolist() == []

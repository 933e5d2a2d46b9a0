from __future__ import annotations

import numpy as np
import pytest

from operando.segment.phases.bridges import Bridge, find_bridges
from operando.segment.phases.pieces import SLAB, Pieces


def bridges(
    labels: np.ndarray, probability: np.ndarray, longest: float = 5.5, least: float = 0.25,
    spacing: tuple[float, float, float] = (1, 1, 1),
) -> list[Bridge]:  # fmt: skip
    return find_bridges(
        Pieces(labels, 2), np.rint(255 * probability).astype(np.uint8),
        spacing=spacing, longest=longest, least_probability=least,
    )  # fmt: skip


@pytest.fixture
def filament() -> tuple[np.ndarray, np.ndarray]:
    """A thread of class 2 along x with a gap of four voxels; the likely way round it is bent."""
    labels = np.ones((9, 16, 24), np.uint8)
    labels[4, 8, :10] = 2
    labels[4, 8, 14:] = 2
    probability = np.full(labels.shape, 0.02)
    probability[labels == 2] = 0.9
    for place in ((8, 10), (9, 10), (9, 11), (9, 12), (9, 13), (8, 13)):
        probability[4, place[0], place[1]] = 0.4
    return labels, probability


def test_a_gap_is_closed_along_the_most_probable_path(
    filament: tuple[np.ndarray, np.ndarray],
) -> None:
    (found,) = bridges(*filament)
    path = {(4, 8, 10), (4, 9, 10), (4, 9, 11), (4, 9, 12), (4, 9, 13), (4, 8, 13)}
    assert {tuple(v) for v in found.voxels.tolist()} == path
    assert found.gap == pytest.approx(4)
    assert found.probability == pytest.approx(0.4, abs=0.002)
    labels = filament[0].copy()
    labels[tuple(found.voxels.T)] = 2
    assert len(Pieces(labels, 2).sizes) == 1, "they hang together through faces"


def test_what_is_too_long_or_too_doubtful_stays_open(
    filament: tuple[np.ndarray, np.ndarray],
) -> None:
    assert bridges(*filament, longest=3.9) == []
    assert bridges(*filament, least=0.45) == []
    assert len(bridges(*filament, longest=4.1, least=0.38)) == 1


def test_lengths_are_in_the_unit_of_the_spacing(filament: tuple[np.ndarray, np.ndarray]) -> None:
    assert len(bridges(*filament, longest=0.41, spacing=(0.1, 0.1, 0.1))) == 1
    assert bridges(*filament, longest=0.39, spacing=(0.1, 0.1, 0.1)) == []


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_gap_is_as_long_as_the_voxels_that_are_missing(axis: int) -> None:
    spacing = (1.0, 0.5, 0.2)
    labels = np.ones((11, 11, 11), np.uint8)
    thread = labels.swapaxes(0, axis)
    thread[:, 5, 5] = 2
    thread[4:7, 5, 5] = 1
    probability = np.full(labels.shape, 0.01)
    probability.swapaxes(0, axis)[:, 5, 5] = 0.5
    (found,) = bridges(labels, probability, spacing=spacing)
    assert found.gap == pytest.approx(3 * spacing[axis])


@pytest.mark.parametrize("middle", [SLAB - 3, SLAB - 1, SLAB, SLAB + 2])
def test_a_gap_across_slabs_is_closed_the_same(middle: int) -> None:
    labels = np.ones((2 * SLAB, 8, 8), np.uint8)
    labels[:, 4, 4] = 2
    labels[middle - 1 : middle + 2, 4, 4] = 1
    probability = np.full(labels.shape, 0.01)
    probability[:, 4, 4] = 0.5
    (found,) = bridges(labels, probability)
    assert sorted(v[0] for v in found.voxels.tolist()) == [middle - 1, middle, middle + 1]


def test_only_what_is_apart_is_joined_and_the_likelier_way() -> None:
    """Three pieces in a triangle need two bridges: the two cheapest of three."""
    labels = np.ones((5, 14, 14), np.uint8)
    for y, x in ((3, 3), (3, 7), (7, 3)):
        labels[2, y, x] = 2
    probability = np.full(labels.shape, 0.3)
    probability[2, 3, 4:7] = 0.6
    probability[2, 4:7, 3] = 0.5
    found = bridges(labels, probability)
    assert [round(b.probability, 1) for b in found] == [0.6, 0.5]
    joined = labels.copy()
    for bridge in found:
        joined[tuple(bridge.voxels.T)] = 2
    assert bridges(joined, probability) == []


def test_without_the_phase_there_is_nothing_to_bridge() -> None:
    assert bridges(np.ones((4, 6, 6), np.uint8), np.zeros((4, 6, 6))) == []

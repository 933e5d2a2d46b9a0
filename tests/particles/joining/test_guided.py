from __future__ import annotations

import numpy as np

from operando.particles.joining.guided import divide


def parts(pieces, known, counts) -> tuple[list[int], list[int], list[int]]:
    names, parent, told = divide(*(np.array(v, np.int64) for v in (pieces, known, counts)))
    return names.tolist(), parent.tolist(), told.tolist()


def test_a_piece_in_two_known_particles_is_divided() -> None:
    assert parts([1, 1, 2], [5, 6, 6], [60, 40, 9]) == ([0, 1, 2, 3], [0, 1, 1, 2], [0, 5, 6, 6])


def test_the_rim_that_lies_in_no_known_particle_goes_with_the_known_one() -> None:
    # Also where the particle has moved or grown so that most of it is rim.
    assert parts([1, 1], [0, 5], [60, 40]) == ([0, 1, 1], [0, 1], [0, 5])


def test_a_small_share_goes_with_the_largest_part() -> None:
    assert parts([1, 1, 1], [0, 5, 6], [2, 90, 8]) == ([0, 1, 1, 1], [0, 1], [0, 5])
    assert parts([1, 1], [0, 5], [90, 10]) == ([0, 1, 1], [0, 1], [0, 0])

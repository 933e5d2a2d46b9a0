from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.particles import match, split, split_series
from operando.samples import calendered_electrode, make_electrode

SHAPE = (44, 46, 90)


@pytest.fixture
def body(make_ellipsoid):
    """One long particle that looks like two spheres grown together."""
    ends = [make_ellipsoid(SHAPE, (22, 22, x), (15, 15, 15)) for x in (24, 46)]
    return ends[0] | ends[1]


def test_what_was_one_before_stays_one_when_it_breaks(body, make_slab) -> None:
    broken = body & ~make_slab(SHAPE, (0, 0.1, 1), (22, 22, 35), 3.5)
    assert split(broken).max() == 2
    assert split(broken, guide=body.astype(np.int32)).max() == 1


def test_a_series_with_and_without_fields(make_ellipsoid) -> None:
    shape = (36, 40, 70)
    left = make_ellipsoid(shape, (18, 20, 20), (13, 13, 13))
    right = make_ellipsoid(shape, (18, 20, 44), (13, 13, 13)) & ~left
    frames = [np.roll(left | right, 4 * t, axis=2) for t in range(2)]
    field = np.zeros((3, *shape), np.float32)
    field[2] = 4
    for fields in (None, [field]):
        found = list(split_series(frames, fields=fields))
        for t, ids in enumerate(found):
            assert match(ids, np.roll(left + 2 * right, 4 * t, axis=2)).mean_iou > 0.95


def test_a_frame_that_shows_something_else_tells_nothing() -> None:
    size = {"frames": 1, "shape": (32, 52, 52)}
    other, dense = (
        make_electrode(calendered_electrode(**size), seed).phases[0] == 3 for seed in (3, 4)
    )
    assert (list(split_series([other, dense]))[1] == split(dense)).all()


def test_what_makes_no_sense_is_refused(body) -> None:
    with pytest.raises(InputError, match="Frame 1 has the shape"):
        list(split_series([body, body[1:]]))
    with pytest.raises(InputError, match="The guide"):
        split(body, guide=np.zeros((2, 2, 2), np.int32))
    with pytest.raises(InputError, match="displacement field"):
        list(split_series([body, body], fields=[np.zeros((3, 1, 1, 1))]))

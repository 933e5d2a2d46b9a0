from __future__ import annotations

import numpy as np
import pytest

from operando.particles.cutting.interior import TYPICAL, interior, look_inside, resample
from operando.particles.labels.sure import Solid

SHAPE = (40, 40, 64)


@pytest.fixture
def balls(make_ellipsoid):
    left = make_ellipsoid(SHAPE, (19.5, 19.5, 20), (12, 12, 12))
    right = make_ellipsoid(SHAPE, (19.5, 19.5, 43), (12, 12, 12)) & ~left
    return left, right


def test_depth_is_low_where_particles_touch_and_high_at_their_centres(balls) -> None:
    left, right = balls
    depth, inside = interior(left | right, 24.0, (1.0, 1.0, 1.0))
    assert depth[20, 20, 20] > 0.8
    assert depth[20, 20, 43] > 0.8
    assert depth[20, 20, 31:33].min() < 0.3
    assert np.mean(inside == (left | right)) > 0.97


def test_the_way_leads_to_the_centre_of_the_own_particle(balls) -> None:
    solid = balls[0] | balls[1]
    spacing = (0.2, 0.1, 0.1)
    thin = solid[::2]
    box = tuple(slice(0, n) for n in thin.shape)
    likely = Solid.likely(thin.__getitem__, thin.astype(np.float32), [box])
    seen = look_inside(likely, thin.shape, 2.4, spacing)
    place = np.indices(thin.shape) * np.reshape(spacing, (3, 1, 1, 1))
    found = place + seen.aim(box)
    for ball, centre in zip(balls, (20, 43), strict=True):
        middle = found[:, ball[::2]].mean(axis=1)
        assert np.linalg.norm(middle - [1.95, 1.95, centre / 10]) < 0.25
    part = (slice(3, 9), slice(10, 30), slice(20, 41))
    np.testing.assert_allclose(seen.aim(part), seen.aim(box)[(slice(None), *part)], atol=1e-6)


def test_a_crack_is_seen_through(make_ellipsoid, make_slab) -> None:
    ball = make_ellipsoid((48, 48, 48), (23.5, 23.5, 23.5), (20, 20, 20))
    crack = make_slab(ball.shape, (0, 0, 1), (24, 24, 24), 1.5) & ball
    depth, inside = interior(ball & ~crack, 40.0, (1.0, 1.0, 1.0))
    assert depth[24, 24, 20:28].min() > 0.6
    assert inside[crack].mean() > 0.9


def test_the_unit_and_turned_axes_change_nothing(balls) -> None:
    solid = balls[0] | balls[1]
    depth, _ = interior(solid, 24.0, (1.0, 1.0, 1.0))
    in_um, _ = interior(solid, 2.4, (0.1, 0.1, 0.1))
    np.testing.assert_allclose(in_um, depth, atol=1e-4)
    turned, _ = interior(np.ascontiguousarray(solid.transpose(1, 2, 0)), 24.0, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(turned.transpose(2, 0, 1), depth, atol=1e-4)


def test_solids_are_seen_at_one_size() -> None:
    solid = np.zeros((20, 60, 60), bool)
    solid[5:15, 15:45, 15:45] = True
    seen = resample(solid, typical=32.0, spacing=(2.0, 1.0, 1.0))
    assert seen.shape == (20, 30, 30)
    assert TYPICAL == 16
    assert seen.mean() == pytest.approx(solid.mean(), rel=0.02)


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    z, y, x = np.indices((24, 32, 160))
    solid = (z % 24 - 12) ** 2 + (y % 16 - 8) ** 2 + (x % 16 - 8) ** 2 < 60
    whole, _ = interior(solid, 16.0, (1.0, 1.0, 1.0))
    monkeypatch.setattr("operando.particles.cutting.interior.TILE", (24, 32, 48))
    tiled, _ = interior(solid, 16.0, (1.0, 1.0, 1.0))
    assert np.abs(tiled - whole)[solid].max() < 0.01

from __future__ import annotations

import numpy as np
import pytest

from operando.particles.measuring.body import cut_out


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (1, 4, 1), (1, 1, 4)])
def test_thirds_of_a_ball_lie_at_their_radii(make_ellipsoid, spacing) -> None:
    radius = 20
    shape = tuple(int(2 * radius / s) + 10 for s in spacing)
    centre = tuple(n * s / 2 for n, s in zip(shape, spacing, strict=True))
    ball = make_ellipsoid(shape, centre, (radius,) * 3, spacing)
    box = tuple(slice(0, n) for n in shape)
    body = cut_out(1, box, ball.astype(np.int32), None, spacing, 0)
    place = np.moveaxis(np.indices(shape), 0, -1) * spacing - centre
    volume = (np.linalg.norm(place, axis=-1) / radius) ** 3
    expected = np.where(ball, np.minimum(3 * volume, 2).astype(int), -1)
    assert np.mean(body.thirds[ball] != expected[ball]) < 0.04
    depth = (radius - np.linalg.norm(place, axis=-1))[ball]
    assert abs(np.mean(body.depth[ball] - depth)) < 0.2 * max(spacing)


def test_a_particle_without_a_surface_has_no_depth() -> None:
    box = (slice(0, 5),) * 3
    body = cut_out(1, box, np.ones((5, 5, 5), np.int32), None, (1, 1, 1), 0)
    assert np.isinf(body.depth).all()
    assert (body.thirds == 0).all()

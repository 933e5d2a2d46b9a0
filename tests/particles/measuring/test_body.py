from __future__ import annotations

import numpy as np
import pytest

from operando.particles.measuring.body import cut_out


def balls(radius: float, spacing: tuple[float, float, float]):
    """Balls that lie differently on the grid of voxels, and the radius of each of their voxels."""
    shape = tuple(int(2 * radius / s) + 16 for s in spacing)
    box = tuple(slice(0, n) for n in shape)
    for offset in np.random.default_rng(0).uniform(-0.5, 0.5, (4, 3)):
        centre = (np.array(shape) / 2 + offset) * spacing
        place = np.linalg.norm(np.moveaxis(np.indices(shape), 0, -1) * spacing - centre, axis=-1)
        ball = place < radius
        yield cut_out(1, box, ball.astype(np.int32), None, spacing, 0), place[ball]


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (1, 4, 1), (1, 1, 4)])
def test_thirds_of_a_ball_lie_at_their_radii(spacing) -> None:
    wrong = [
        np.mean(body.thirds[body.mask] != np.minimum(3 * (place / 20) ** 3, 2).astype(int))
        for body, place in balls(20, spacing)
    ]
    assert np.mean(wrong) < 0.05


@pytest.mark.parametrize("radius", [5, 8, 20])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (1, 4, 1), (1, 1, 4)])
def test_depth_in_a_ball_however_small_and_flat_its_voxels(radius, spacing) -> None:
    for body, place in balls(radius, spacing):
        assert abs(np.mean(body.depth[body.mask] - (radius - place))) < 0.16 * max(spacing)


def test_a_particle_without_a_surface_has_no_depth() -> None:
    box = (slice(0, 5),) * 3
    body = cut_out(1, box, np.ones((5, 5, 5), np.int32), None, (1, 1, 1), 0)
    assert np.isinf(body.depth).all()
    assert (body.thirds == 0).all()

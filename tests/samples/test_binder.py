from __future__ import annotations

import numpy as np
import pytest

from operando.samples.binder import BinderMotion, Cap, binder_level, draw_caps, union_depth
from operando.samples.motion import draw_particle_motions, draw_smooth_motion
from operando.samples.particles import make_particles
from operando.samples.settings import BinderSettings, ElectrodeSettings

SHAPE = (32, 48, 48)
STILL = ("drift", "strain", "wave", "rotation", "swelling", "swelling_spread")
ROUND = {f"particles__{name}": 0 for name in ("lobed", "elongation", "roughness")}
DOMAIN = tuple(slice(0, n) for n in SHAPE)


def make(seed=0, cap=None, keep=None, **changes):
    settings = ElectrodeSettings(shape=SHAPE, frames=3).with_(
        particles__solid_fraction=0.3, particles__diameter=16, cracks__share=0, **changes
    )
    rngs = [np.random.default_rng([seed, k]) for k in range(5)]
    smooth = draw_smooth_motion(settings, rngs[0])
    particles = make_particles(np.zeros(3), np.array(SHAPE, float), settings, rngs[1:4])
    motions = draw_particle_motions(particles, smooth, settings, rngs[4])
    middle = np.array(SHAPE) / 2
    order = np.argsort([np.linalg.norm(p.centre - middle) for p in particles])[:keep]
    particles, motions = [particles[k] for k in order], [motions[k] for k in order]
    caps = [cap] * len(particles)
    motion = BinderMotion(DOMAIN, particles, motions, caps, smooth, settings)
    return particles, motions, smooth, motion


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 1.0])
def test_binder_fills_the_asked_fraction_of_the_space_between(fraction):
    particles, *_ = make()
    solid = union_depth(particles, DOMAIN)
    settings = BinderSettings(fraction=fraction)
    level = binder_level(solid, settings, np.random.default_rng(0))
    assert np.mean(level[solid <= 0] > 0) == pytest.approx(fraction, abs=0.02)


def test_clinging_binder_is_nearer_to_particles():
    particles, *_ = make()
    solid = union_depth(particles, DOMAIN)
    near = (solid <= 0) & (solid > -2)
    shares = []
    for clinging in (0, 3):
        settings = BinderSettings(fraction=0.4, clinging=clinging)
        level = binder_level(solid, settings, np.random.default_rng(0))
        shares.append(np.mean(level[near] > 0))
    assert shares[1] > shares[0] + 0.2


def test_the_union_is_the_deepest_particle():
    particles, *_ = make()
    solid = union_depth(particles, DOMAIN)
    rng = np.random.default_rng(0)
    for voxel in rng.integers(0, SHAPE, (200, 3)):
        depths = [-4.0]
        for body in particles:
            local = voxel - body.corner
            if np.all((local >= 0) & (local < body.depth.shape)):
                depths.append(float(body.depth[tuple(local)]))
        assert solid[tuple(voxel)] == pytest.approx(max(depths))


@pytest.mark.parametrize("seed", [0, 1])
def test_material_undoes_displacement(seed):
    *_, motion = make(seed)
    rng = np.random.default_rng(seed)
    x = rng.uniform(6, 26, (3, 3000)).astype(np.float32)
    source = motion.material(x, 2)
    error = np.abs(source + motion.displacement(source, 2) - x)
    assert np.quantile(error, 0.99) < 0.005


def test_far_from_particles_the_binder_follows_the_smooth_motion():
    particles, _, smooth, motion = make(motion__blend=2)
    points = np.random.default_rng(0).uniform(4, 28, (3, 4000)).astype(np.float32)
    outside = np.max([p.shape_depth(points) for p in particles], axis=0) < -6
    difference = motion.displacement(points, 2) - smooth.displacement(points, 2)
    assert outside.sum() > 50
    assert np.abs(difference[:, outside]).max() < 0.02


def test_at_a_lone_particle_the_binder_moves_with_it():
    (body,), (own,), _, motion = make(keep=1, motion__rotation=4)
    at = body.centre[:, None] + np.float32([[0, 2, 0], [0, 0, -3], [0, 0, 3]])
    moved = own.move(at - body.centre[:, None], 2) - at
    np.testing.assert_allclose(motion.displacement(at, 2), moved, atol=1e-3)


def test_a_cap_pushes_the_binder_off_by_its_gap():
    cap = Cap(axis=np.float32([0, 0, 1]), cosine=0.0, gaps=np.float32([0, 1, 2]))
    still = {f"motion__{name}": 0 for name in STILL}
    (body,), _, _, motion = make(cap=cap, keep=1, **still, **ROUND)
    off = np.float32([0, 0, body.depth.max()])
    moved = motion.displacement(np.stack([body.centre + off, body.centre - off], 1), 2)
    np.testing.assert_allclose(moved[:, 0], [0, 0, 2], atol=0.1)
    np.testing.assert_allclose(moved[:, 1], 0, atol=1e-6)
    assert cap.weight(np.float32([[0], [0], [1]]))[0] == 1
    assert cap.weight(np.float32([[0], [0], [-1]]))[0] == 0


def test_caps_are_drawn_in_the_asked_share():
    caps = draw_caps(500, BinderSettings(detached=0.4), 4, np.random.default_rng(0))
    found = [c for c in caps if c is not None]
    assert len(found) / 500 == pytest.approx(0.4, abs=0.07)
    assert all(np.all(np.diff(c.gaps) >= 0) for c in found)
    assert draw_caps(5, BinderSettings(gap=0), 4, np.random.default_rng(0)) == [None] * 5

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.strain import correlate_particles
from operando.strain.particles.motion_models import rotation_matrix

SHIFT = np.array([0.37, -0.21, 0.45])
RADIUS = 11.0
TURN = np.radians([1.5, -1.0, 2.0])
U, SIGMA_U = [f"u_{k}" for k in "zyx"], [f"sigma_u_{k}" for k in "zyx"]


def nearest(points):
    return np.where(points < 31.5, 16.0, 47.0)


def turned(points):
    """Displacement of spheres that shift and turn about their middles."""
    away = points - nearest(points)
    return away @ (rotation_matrix(TURN) - np.eye(3)).T + SHIFT


def spheres(textures, surroundings, seed, *, lift=0.0):
    """Frames of textured spheres that shift and turn, and their labels.

    `textures` before and after; `surroundings` stay where they are; the spheres become brighter by
    `lift`.
    """
    shape = surroundings.shape
    grid = np.stack(np.indices(shape), axis=-1).reshape(-1, 3).astype(float)
    middles = nearest(grid)
    noise = np.random.default_rng(seed)
    frames = []
    for moved in (False, True):
        away = grid - middles - SHIFT * moved
        depth = (np.linalg.norm(away, axis=1) - RADIUS).reshape(shape)
        inside = 0.5 * (1 - np.tanh(depth / 1.2))
        grey = textures[moved] + 1.5 + lift * moved
        frame = surroundings + inside * (grey - surroundings)
        frames.append(frame + 0.03 * noise.normal(size=shape))
        if not moved:
            number = 1 + (middles > 31.5) @ [4, 2, 1]
            labels = np.where(depth < 0, number.reshape(shape), 0)
    return *frames, labels


def rms(values):
    return float(np.sqrt(np.mean(np.square(np.asarray(values, float)))))


@pytest.fixture(scope="module")
def others(texture):
    """Textures before and after."""
    drawn = (type(texture).random(texture.shape, seed) for seed in (21, 22))
    return [(one.render(), one.render(turned)) for one in drawn]


def test_errors_hold_in_textured_surroundings_that_stay(still, others):
    """They were three times too small, and shifts three times as wrong as they need be."""
    errors, told, turns, told_turns = [], [], [], []
    for seed, other in enumerate(others):
        found = correlate_particles(*spheres(other, 0.5 * still, seed))
        errors.append(found[U].to_numpy() - SHIFT - _centroids(found))
        told.append(found[SIGMA_U])
        vectors = found[[f"rotation_{k}" for k in "zyx"]].to_numpy()
        turns.append(np.linalg.norm(vectors - np.degrees(TURN), axis=1))
        told_turns.append(found["sigma_rotation_deg"])
    assert rms(errors) < 0.012
    assert 0.7 < rms(np.divide(errors, told)) < 1.4
    assert 0.7 < rms(np.divide(turns, told_turns)) < 1.4


@pytest.mark.parametrize("smooth", [0.4, 0.8])
def test_errors_of_rotations_hold_where_texture_is_weak(still, others, smooth):
    """Noise in derivatives looks like texture: told errors were 1.6 and 4.5 times too small."""
    flat = np.full(still.shape, 0.3)
    ratios = []
    for seed, other in enumerate(others):
        weak = [0.1 * texture for texture in other]
        frames = spheres(weak, flat, seed)
        found = correlate_particles(*frames, smooth=smooth, largest_rotation_error=50)
        vectors = found[[f"rotation_{k}" for k in "zyx"]].to_numpy()
        error = np.linalg.norm(vectors - np.degrees(TURN), axis=1)
        ratios.append(error / found["sigma_rotation_deg"])
    assert 0.7 < rms(ratios) < 1.4


def _centroids(found):
    """What turning adds to the shift of a centroid that is not the middle."""
    centroid = found[[f"centre_{k}" for k in "zyx"]].to_numpy()
    return turned(centroid) - SHIFT


def test_particles_that_turn_brighter_do_not_seem_to_swell(still, others):
    flat = np.full(still.shape, 0.3)
    for seed, other in enumerate(others):
        found = correlate_particles(*spheres(other, flat, seed, lift=0.3))
        error = found["volume_ratio"] - 1
        assert np.abs(error).max() < 0.008
        assert rms(error / found["sigma_volume_ratio"]) < 1.6


@pytest.mark.parametrize("width", [0, 0.6, 0.9])
def test_errors_of_shifts_are_those_that_are_found(texture, make_ellipsoid, width) -> None:
    ids = np.zeros(texture.shape, np.int32)
    middles = [(z, y, x) for z in (16, 47) for y in (16, 47) for x in (16, 47)]
    for k, middle in enumerate(middles, start=1):
        ids[make_ellipsoid(texture.shape, middle, (11, 11, 11))] = k
    still = texture.render()
    moved = texture.render(lambda points: np.broadcast_to(SHIFT, points.shape))
    errors, told = [], []
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(size=(2, *texture.shape))
        shared = [gaussian_filter(n, width) if width else n for n in noise]
        first, second = (
            v + 0.06 * n / n.std() for v, n in zip((still, moved), shared, strict=True)
        )
        found = correlate_particles(first, second, ids)
        assert set(found["model"]) == {"translation"}
        errors.append(found[["u_z", "u_y", "u_x"]].to_numpy() - SHIFT)
        told.append(found[["sigma_u_z", "sigma_u_y", "sigma_u_x"]].to_numpy())
    actual, predicted = (np.sqrt(np.mean(np.square(v))) for v in (errors, told))
    assert predicted == pytest.approx(actual, rel=0.25)

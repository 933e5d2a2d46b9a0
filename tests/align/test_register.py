from __future__ import annotations

import numpy as np
import pytest

from operando.align.pyramid import make_pyramid
from operando.align.register import register
from operando.align.transform import Transform

SPACING = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def reference(blobs):
    return make_pyramid(blobs.render(noise=4, seed=1), SPACING)


def corners(shape):
    return np.array(np.meshgrid(*[(4, n - 5) for n in shape], indexing="ij")).reshape(3, -1).T


def truth(shape, linear, shift):
    return Transform.from_linear(linear, shift, (np.array(shape) - 1) / 2)


def error(found, true, shape):
    """Largest misplacement at the corners (voxels), and difference of rotation (degrees)."""
    points = corners(shape)
    away = np.linalg.norm(found.at(points) - true.at(points), axis=1).max()
    return away, found.after(true.inverse()).rotation_deg


@pytest.mark.parametrize(
    ("motion", "vector", "stretch", "shift"),
    [
        ("shift", (0, 0, 0), 1.0, (0.37, -2.21, 1.45)),
        ("rigid", (0.6, -0.4, 0.9), 1.0, (1.3, -0.6, 2.4)),
        ("rigid", (3, -2, 4), 1.0, (-5.5, 9.2, 7.7)),
        ("similarity", (0.5, 0.2, -0.3), 1.004, (0.8, -1.2, 0.3)),
        ("affine", (0.5, 0.2, -0.3), np.diag([1.004, 0.997, 1.002]), (0.8, -1.2, 0.3)),
    ],
)
def test_motion_is_found_despite_noise_and_brightness(
    blobs, rotation_of, reference, motion, vector, stretch, shift
):
    linear = rotation_of(vector) @ (stretch * np.eye(3) if np.isscalar(stretch) else stretch)
    moved = blobs.render(linear, shift, noise=4, gain=0.6, offset=30, seed=2)
    found = register(reference, make_pyramid(moved, SPACING), motion)
    away, turned = error(found.transform, truth(blobs.shape, linear, shift), blobs.shape)
    assert away < 0.05
    assert turned < 0.02


def test_a_large_jump_with_a_turn_is_found(blobs, rotation_of, reference):
    linear, shift = rotation_of((0, 0, 12)), (4, -14, 11)
    moved = blobs.render(linear, shift, noise=4, seed=2)
    found = register(reference, make_pyramid(moved, SPACING), "rigid")
    away, turned = error(found.transform, truth(blobs.shape, linear, shift), blobs.shape)
    assert away < 0.05
    assert turned < 0.02


def test_particles_that_move_by_themselves_do_not_count(blobs, reference):
    """A quarter of the volume goes elsewhere; the rest, the casing, stands still."""
    still = blobs.render(noise=4, seed=2)
    still[:, :, 48:] = blobs.render(shift=(0, 1.5, 1.5), noise=4, seed=2)[:, :, 48:]
    found = register(reference, make_pyramid(still, SPACING), "rigid")
    away, turned = error(found.transform, Transform.identity(), blobs.shape)
    assert away < 0.15
    assert turned < 0.1


def test_anisotropic_voxels_give_physical_motion(blobs):
    thick = (2.0, 1.0, 1.0)
    reference = make_pyramid(blobs.render()[::2], thick)
    shift = np.array([1.4, -0.8, 0.5])
    moved = make_pyramid(blobs.render(shift=shift)[::2], thick)
    found = register(reference, moved, "rigid").transform
    np.testing.assert_allclose(found.shift_at((20, 28, 32)), shift, atol=0.05)


def test_a_slice_moves_in_its_plane(blobs, rotation_of):
    linear, shift = rotation_of((2, 0, 0)), (0, 1.7, -2.3)
    first, second = blobs.render()[20:21], blobs.render(linear, shift)[20:21]
    found = register(make_pyramid(first, SPACING), make_pyramid(second, SPACING), "rigid")
    true = truth(blobs.shape, linear, shift)
    points = np.array([[0, 5, 5], [0, 50, 58.0]])
    moved = true.at(points + np.array([19.5, 0, 0])) - np.array([19.5, 0, 0])
    np.testing.assert_allclose(found.transform.at(points)[:, 1:], moved[:, 1:], atol=0.05)


def test_unrelated_volumes_do_not_correlate(blobs, reference):
    other = np.random.default_rng(0).standard_normal(blobs.shape).astype(np.float32)
    assert register(reference, make_pyramid(other, SPACING), "rigid").zncc < 0.4

from __future__ import annotations

import numpy as np
import pytest

from operando.nets.scale_features import (
    PER_SCALE,
    REACH,
    SCALES,
    _eigenvalues,
    n_features,
    scale_features,
)


def rows_of(scale: float) -> slice:
    """Smoothed grey value, gradient and eigenvalues of one scale of a single channel."""
    first = 1 + PER_SCALE * SCALES.index(scale)
    return slice(first, first + PER_SCALE)


def test_a_gaussian_blob_has_the_analytic_answer() -> None:
    """A blob of width w smoothed by s is a blob of width sqrt(w² + s²)."""
    w, s = 5.0, 4.0
    z, y, x = np.mgrid[-30:31, -30:31, -30:31]
    blob = np.exp(-(z**2 + y**2 + x**2) / (2 * w**2)).astype(np.float32)[None]
    features = scale_features(blob)
    total = w**2 + s**2
    peak = (w**2 / total) ** 1.5
    smooth, gradient, *eigenvalues = features[rows_of(s)][:, 30, 30, 30]
    assert smooth == pytest.approx(peak, rel=0.02)
    assert gradient == pytest.approx(0, abs=1e-6)
    assert eigenvalues == pytest.approx([-peak / total * s**2] * 3, rel=0.04)
    at = features[rows_of(s)][:, 30, 30, 36]
    assert at[1] == pytest.approx(6 / total * at[0] * s, rel=0.04)


def test_eigenvalues_of_random_matrices() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        m = rng.normal(size=(3, 3))
        m += m.T
        expected = np.linalg.eigvalsh(m)[::-1]
        found = _eigenvalues(m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2])
        assert found == pytest.approx(expected, abs=1e-9)


def test_turning_the_image_turns_the_features() -> None:
    image = np.random.default_rng(0).normal(size=(1, 12, 14, 16)).astype(np.float32)
    turned = scale_features(image.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(turned, scale_features(image).transpose(0, 3, 1, 2), atol=1e-4)


def test_far_away_voxels_do_not_matter() -> None:
    image = np.random.default_rng(0).normal(size=(1, 1, 1, 60)).astype(np.float32)
    changed = image.copy()
    changed[..., 20 + REACH + 1 :] = 50
    np.testing.assert_array_equal(
        scale_features(image)[..., :21], scale_features(changed)[..., :21]
    )


def test_every_slice_of_a_stack_counts_for_itself() -> None:
    images = np.random.default_rng(0).normal(size=(3, 1, 10, 10)).astype(np.float32)
    together = scale_features(images)
    assert together.shape == (n_features(3), 1, 10, 10)
    per_channel = np.concatenate([scale_features(channel[None]) for channel in images])
    np.testing.assert_array_equal(together, per_channel)


def test_thick_slices_are_smoothed_less() -> None:
    image = np.zeros((1, 21, 21, 21), np.float32)
    image[0, 10, 10, 10] = 1
    smooth = scale_features(image, (0.4, 0.1, 0.1))[rows_of(4.0)][0]
    # A scale of 4 voxels in the plane is one of 1 slice: exp(-1/2) after 4 and after 1.
    assert smooth[10, 10, 14] == pytest.approx(smooth[11, 10, 10], rel=0.05)

from __future__ import annotations

import numpy as np
import pytest

from operando.segment.adapting.appearance import (
    PER_CLASS,
    QUANTILES,
    SPREAD_OF_CLASS,
    SPREAD_OF_IMAGE,
    describe_appearance,
    forget_class,
    length,
)

SHAPE = (3, 200, 200)
BLURRED = [1, 1 / (2 * np.sqrt(np.pi)), 1 / (4 * np.sqrt(np.pi))]
"""Spread that is left of white noise after a Gaussian blur in the plane of 0, 1 and 2 voxels."""


@pytest.fixture(scope="module")
def halves() -> tuple[np.ndarray, np.ndarray]:
    """White noise of spread 0.2 round -0.5 (class 1) and 0.1 round 0.5 (class 2)."""
    rng = np.random.default_rng(0)
    labels = np.ones(SHAPE, np.uint8)
    labels[:, 100:] = 2
    noise = rng.normal(size=SHAPE)
    return np.where(labels == 1, -0.5 + 0.2 * noise, 0.5 + 0.1 * noise), labels


def test_means_and_spreads_of_white_noise(halves: tuple[np.ndarray, np.ndarray]) -> None:
    slices, labels = halves
    painted = labels.copy()
    painted[:, 80:120] = 0
    told = describe_appearance(slices, painted, 3)
    for k, (mean, spread) in enumerate([(-0.5, 0.2), (0.5, 0.1)]):
        row = told[k * PER_CLASS : (k + 1) * PER_CLASS]
        assert row[0] == 1
        np.testing.assert_allclose(row[1:4], mean, atol=0.01)
        np.testing.assert_allclose(row[4:] / SPREAD_OF_CLASS, spread * np.array(BLURRED), rtol=0.05)
    assert not told[2 * PER_CLASS : 3 * PER_CLASS].any()


def test_the_image_as_a_whole(halves: tuple[np.ndarray, np.ndarray]) -> None:
    slices, _ = halves
    told = describe_appearance(slices, np.zeros(SHAPE, np.uint8), 2)
    assert not told[: 2 * PER_CLASS].any()
    mean, spread = told[2 * PER_CLASS :][:3], told[2 * PER_CLASS :][3:6] / SPREAD_OF_IMAGE
    np.testing.assert_allclose(mean, 0, atol=0.01)
    assert spread[0] == pytest.approx(np.sqrt(0.25 + (0.2**2 + 0.1**2) / 2), rel=0.01)
    low, _, middle, _, high = told[-len(QUANTILES) :]
    assert low < -0.5 < middle < 0.5 < high


def test_brighter_images_have_the_same_spreads(halves: tuple[np.ndarray, np.ndarray]) -> None:
    slices, labels = halves
    change = describe_appearance(slices + 0.3, labels, 2) - describe_appearance(slices, labels, 2)
    of_class = np.array([0, 0.3, 0.3, 0.3, 0, 0, 0])
    of_image = np.array([0.3] * 3 + [0] * 3 + [0.3] * len(QUANTILES))
    np.testing.assert_allclose(change, np.concatenate([of_class, of_class, of_image]), atol=1e-5)


def test_three_voxels_tell_nothing_of_a_class(halves: tuple[np.ndarray, np.ndarray]) -> None:
    slices, _ = halves
    labels = np.zeros(SHAPE, np.uint8)
    labels[0, 0, :3] = 1
    assert not describe_appearance(slices, labels, 1)[:PER_CLASS].any()
    labels[0, 0, 3] = 1
    assert describe_appearance(slices, labels, 1)[0] == 1


def test_a_forgotten_class_is_as_one_without_strokes(
    halves: tuple[np.ndarray, np.ndarray],
) -> None:
    slices, labels = halves
    told = describe_appearance(slices, labels, 2)
    assert told.shape == (length(2),)
    forget_class(told, 0)
    unpainted = np.where(labels == 1, 0, labels).astype(np.uint8)
    np.testing.assert_array_equal(told, describe_appearance(slices, unpainted, 2))

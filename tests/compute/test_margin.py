from __future__ import annotations

import numpy as np
import pytest

from operando.compute.margin import margin_of


@pytest.fixture
def image(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 40, (60, 80)).astype(np.uint8)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_the_outside_of_a_circle(image: np.ndarray, value: int) -> None:
    """Voxels of its value within the circle stay, unless they touch it."""
    y, x = np.indices(image.shape)
    outside = np.hypot(y - 29.5, x - 39.5) > 30
    image[outside] = value
    found = margin_of(image)
    assert found[outside].all()
    assert found[~outside].mean() < 0.02
    assert (image[found] == value).all()


def test_images_without_a_margin(image: np.ndarray) -> None:
    assert not margin_of(image).any()
    assert not margin_of(np.zeros((20, 20))).any()
    image[[0, 0, -1, -1], [0, -1, 0, -1]] = 3
    assert not margin_of(image).any(), "four voxels are no margin"
    image[0], image[-1] = 3, 4
    assert not margin_of(image).any(), "edges of different grey values"
    assert not margin_of(np.full((9, 9), np.nan)).any()

"""A small scene that a network learns within seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.segment import Model, TrainSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

FAST = TrainSettings(
    effort="quick", width=8, patch=32, patch_depth=8, learning_rate=0.01, restore=0
)


@dataclass(frozen=True)
class Scene:
    """Bright balls (2) with grey shells (3) in a dark matrix (1), and strokes on frame 0."""

    image: np.ndarray
    truth: np.ndarray
    strokes: np.ndarray


def make_scene(seed: int, shape: tuple[int, int, int] = (16, 48, 48)) -> Scene:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"))
    distance = np.full(shape, np.inf)
    for centre in rng.uniform(0, shape, (8, 3)):
        offset = grid - centre.reshape(3, 1, 1, 1)
        distance = np.minimum(distance, np.sqrt((offset**2).sum(0)) - 7)
    truth = np.where(distance < 0, 2, np.where(distance < 4, 3, 1)).astype(np.uint8)
    image = np.array([0, 60, 220, 140], np.float32)[truth] + rng.normal(0, 15, shape)
    strokes = np.zeros_like(truth)
    z = shape[0] // 2
    for label in (1, 2, 3):
        for y, x in rng.permutation(np.argwhere(truth[z] == label))[:8]:
            line = (z, y, slice(x, x + 4))
            strokes[line][truth[line] == label] = label
    return Scene(image.astype(np.float32)[None], truth[None], strokes[None])


@pytest.fixture(scope="session")
def scene() -> Scene:
    return make_scene(0)


@pytest.fixture(scope="session")
def other_scene() -> Scene:
    """Other balls, twice as bright and offset."""
    other = make_scene(1)
    return Scene(other.image * 2 + 500, other.truth, other.strokes)


@pytest.fixture(scope="session")
def fast() -> TrainSettings:
    return FAST


@pytest.fixture(scope="session")
def model(scene: Scene) -> Model:
    return train(scene.image, scene.strokes, start="scratch", settings=FAST, device="cpu")


@pytest.fixture(scope="session")
def moved_by() -> Callable[[float, float, float], DisplacementField]:
    """Make fields in which everything moves by the same vector ``(z, y, x)``."""

    def make(*shift: float) -> DisplacementField:
        corners = np.stack(np.meshgrid(*[[0.0, 10.0]] * 3, indexing="ij"), -1).reshape(-1, 3)
        return DisplacementField(
            positions=corners,
            displacement=np.tile(np.array(shift), (8, 1)),
            gradient=np.zeros((8, 3, 3)),
            sigma=np.zeros((8, 3)),
            zncc=np.ones(8),
            status=np.zeros(8, np.uint8),
            grid_shape=(2, 2, 2),
            spacing=(10.0, 10.0, 10.0),
            window=(9, 9, 9),
        )

    return make

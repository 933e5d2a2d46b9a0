"""Volumes with an exactly known displacement: a texture of Gaussian blobs, never interpolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Texture:
    """Blobs that can be evaluated at any position."""

    shape: tuple[int, int, int]
    centres: np.ndarray
    sigmas: np.ndarray
    heights: np.ndarray

    @classmethod
    def random(cls, shape: tuple[int, int, int], seed: int, fill: float = 1.0) -> Texture:
        rng = np.random.default_rng(seed)
        box = np.array(shape) + 24
        n = int(fill * box.prod() / 24)
        return cls(
            shape,
            rng.random((n, 3)) * box - 12,
            rng.uniform(0.9, 1.4, n),
            rng.uniform(0.3, 1.0, n),
        )

    def render(
        self,
        field: Callable[[np.ndarray], np.ndarray] | None = None,
        noise: float = 0.0,
        seed: int = 0,
    ) -> np.ndarray:
        """Grey values where every material point X has moved to X + field(X), float32."""
        grid = np.stack(np.indices(self.shape), axis=-1).astype(float)
        material = grid.copy()
        moved = self.centres
        if field is not None:
            for _ in range(30):
                material = grid - field(material.reshape(-1, 3)).reshape(grid.shape)
            moved = self.centres + field(self.centres)
        out = np.zeros(np.prod(self.shape))
        reach = np.stack(np.meshgrid(*[np.arange(-5, 6)] * 3, indexing="ij"), -1).reshape(-1, 3)
        reach = reach[(reach**2).sum(axis=1) <= 27]
        flat = material.reshape(-1, 3)
        for part in np.array_split(np.arange(len(moved)), max(1, len(moved) // 2000)):
            at = np.rint(moved[part]).astype(int)[:, None] + reach
            inside = ((at >= 0) & (at < self.shape)).all(axis=2)
            blob, index = (
                part[np.nonzero(inside)[0]],
                np.ravel_multi_index(at[inside].T, self.shape),
            )
            square = ((flat[index] - self.centres[blob]) ** 2).sum(axis=1)
            value = self.heights[blob] * np.exp(-0.5 * square / self.sigmas[blob] ** 2)
            out += np.bincount(index, value, minlength=len(out))
        out += noise * np.random.default_rng(seed).standard_normal(len(out))
        return out.reshape(self.shape).astype(np.float32)


@pytest.fixture(scope="session")
def texture() -> Texture:
    return Texture.random((64, 64, 64), seed=3)


@pytest.fixture(scope="session")
def still(texture: Texture) -> np.ndarray:
    """The reference frame with noise of about 1/11 of the texture."""
    return texture.render(noise=0.04, seed=1)

from __future__ import annotations

from dataclasses import dataclass

import dask.array as da
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.data import Series


@pytest.fixture(scope="session")
def grains() -> np.ndarray:
    """Two phases with soft borders, ``(12, 160, 160)``: about 100 and 200 grey values."""
    texture = gaussian_filter(np.random.default_rng(5).standard_normal((12, 160, 160)), 4)
    phases = (texture > np.median(texture)).astype(np.float32)
    return np.asarray(100 + 100 * gaussian_filter(phases, 0.7), np.float32)


@pytest.fixture
def as_series():
    """Make a series of arrays ``(t, z, y, x)`` or ``(z, y, x)``."""

    def make(array, chunks=(1, 1, 8, 48, 48)):
        frames = array if array.ndim == 4 else array[None]
        return Series(
            data=da.from_array(frames[:, None], chunks=chunks), voxel_size=(1.0, 1.0, 1.0)
        )

    return make


@dataclass(frozen=True)
class Compare:
    """A damaged and a mended image against the truth."""

    clean: np.ndarray

    def removed(self, damaged, mended) -> float:
        """Share of the energy of an artefact that is gone: 1 is all, 0 none."""
        before, after = ((np.asarray(v, float) - self.clean) ** 2 for v in (damaged, mended))
        return float(1 - after.mean() / before.mean())

    def changed(self, mended) -> float:
        """Root mean square error, as a share of the standard deviation of the truth."""
        error = np.asarray(mended, float) - self.clean
        return float(np.sqrt(np.mean(error**2)) / np.std(self.clean))


@pytest.fixture
def compare():
    return Compare

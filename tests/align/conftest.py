from __future__ import annotations

import numpy as np
import pytest


class Blobs:
    """A texture of Gaussian blobs that is evaluated, never interpolated."""

    def __init__(self, shape, seed=3):
        rng = np.random.default_rng(seed)
        self.shape = shape
        pad = np.minimum(10, np.array(shape) - 1)
        box = np.array(shape) + 2 * pad
        n = int(box.prod() / 40)
        self.centres = rng.random((n, 3)) * box - pad
        self.sigmas = rng.uniform(1.2, 2.2, n)
        self.heights = rng.uniform(0.3, 1.0, n) * 100

    def render(self, linear=None, shift=(0, 0, 0), noise=0.0, gain=1.0, offset=0.0, seed=0):
        """Grey values where material point X has moved to ``c + linear (X - c) + shift``."""
        linear = np.eye(3) if linear is None else np.asarray(linear)
        middle = (np.array(self.shape) - 1) / 2
        centres = (self.centres - middle) @ linear.T + middle + shift
        out = np.zeros(self.shape)
        back = np.linalg.inv(linear)
        for centre, sigma, height in zip(centres, self.sigmas, self.heights, strict=True):
            low = np.maximum(np.floor(centre - 5 * sigma).astype(int), 0)
            high = np.minimum(np.ceil(centre + 5 * sigma).astype(int) + 1, self.shape)
            if (high <= low).any():
                continue
            axes = [np.arange(a, b) - c for a, b, c in zip(low, high, centre, strict=True)]
            grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ back.T
            box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            out[box] += height * np.exp(-0.5 * (grid**2).sum(-1) / sigma**2)
        out = gain * out + offset
        return (out + noise * np.random.default_rng(seed).standard_normal(self.shape)).astype(
            np.float32
        )


def turn(axis_angle_deg):
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(np.radians(axis_angle_deg)).as_matrix()


@pytest.fixture(scope="session")
def blobs():
    return Blobs((40, 56, 64))


@pytest.fixture(scope="session")
def rotation_of():
    """Rotation matrix of a rotation vector in degrees."""
    return turn

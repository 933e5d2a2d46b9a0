from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.strain import correlate_particles

SHIFT = np.array([0.37, -0.21, 0.45])


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

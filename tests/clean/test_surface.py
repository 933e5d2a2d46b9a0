from __future__ import annotations

import numpy as np
import pytest

from operando.clean.surface import fit_surface


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", ["tilt", "cupping"])
def test_a_few_coarse_particles_are_not_taken_for_shading(shape, seed):
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(*2 * [np.linspace(-1, 1, 128)], indexing="ij")
    truth = {"tilt": 1 + 0.2 * x, "cupping": 0.75 + 0.125 * (x**2 + y**2)}[shape]
    clean = np.full(x.shape, 90.0)
    for cy, cx in rng.uniform(-1, 1, (6, 2)):
        clean[(y - cy) ** 2 + (x - cx) ** 2 < 0.1] = 180
    damaged = (clean * truth + rng.normal(0, 5, x.shape)).astype(np.float32)
    surface = fit_surface(damaged[None])
    left = truth / surface.at(x.shape, 0.0)
    assert truth.std() / truth.mean() > 0.05
    assert left.std() / left.mean() < 0.01


@pytest.mark.parametrize("mode", ["divide", "subtract"])
def test_the_grey_scale_does_not_matter(grains, mode):
    x = np.linspace(-1, 1, grains.shape[2])
    image = grains[6:7] * (1 + 0.2 * x).astype(np.float32)
    plain, scaled = (fit_surface(i, mode=mode) for i in (image, 1e-3 * image))
    ratio = scaled.at(grains.shape[1:], 0.0) / plain.at(grains.shape[1:], 0.0)
    np.testing.assert_allclose(ratio, 1e-3, rtol=1e-3)


@pytest.mark.parametrize("mode", ["divide", "subtract"])
def test_an_image_of_one_grey_value_is_even(mode):
    surface = fit_surface(np.full((1, 32, 32), 7, np.float32), mode=mode)
    assert surface.level == 7
    np.testing.assert_allclose(surface.at((32, 32), 0.0), 7, rtol=1e-6)


def test_a_chosen_phase_alone_is_followed_where_layers_look_like_shading():
    rng = np.random.default_rng(0)
    y, x = np.meshgrid(*2 * [np.linspace(-1, 1, 128)], indexing="ij")
    clean = np.full(x.shape, 90.0)
    for cy, cx in rng.uniform((-0.5, -1), (0.7, 1), (40, 2)):
        clean[(y - cy) ** 2 + (x - cx) ** 2 < 0.01] = 170
    clean[y > 0.8] = 230
    truth = 1 + 0.3 * x
    damaged = (clean * truth + rng.normal(0, 5, x.shape)).astype(np.float32)
    surface = fit_surface(damaged[None], grey=(60, 130))
    left = truth / surface.at(x.shape, 0.0)
    assert surface.level == pytest.approx(90, rel=0.05)
    assert left.std() / left.mean() < 0.02

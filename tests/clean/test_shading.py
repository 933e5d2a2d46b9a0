from __future__ import annotations

import numpy as np
import pytest

from operando.clean import EvenShading
from operando.clean.shading import even_out
from operando.clean.surface import fit_surface
from operando.compute.blocks import Place


def bowl(shape):
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    return (1 + 0.3 * x - 0.2 * y**2).astype(np.float32)


def flatness(image, clean):
    """Spread of mended over true image: 0 where only one factor is left."""
    ratio = image / clean
    return float(ratio.std() / ratio.mean())


@pytest.mark.parametrize("noise", [0, 8])
def test_a_bowl_goes(grains, noise):
    clean = grains[6]
    damaged = clean * bowl(clean.shape)
    damaged = damaged + noise * np.random.default_rng(0).standard_normal(clean.shape)
    surface = fit_surface(damaged[None].astype(np.float32))
    factor = surface.level / surface.at(clean.shape, 0.0)
    before, after = flatness(bowl(clean.shape), 1), flatness(factor * bowl(clean.shape), 1)
    assert before > 0.15
    assert after < 0.02


def test_even_images_stay(grains):
    surface = fit_surface(grains[6][None])
    even = even_out(grains[6], surface.at(grains[6].shape, 0.0), surface.level, "divide")
    np.testing.assert_allclose(even, grains[6], rtol=0.02)


def test_the_phase_can_be_chosen(grains):
    clean = grains[6]
    damaged = clean + 10 * (bowl(clean.shape) - 1)
    surface = fit_surface(damaged[None], grey=(160, 240), mode="subtract")
    assert surface.level == pytest.approx(200, abs=5)
    even = even_out(damaged, surface.at(clean.shape, 0.0), surface.level, "subtract")
    assert (even - clean).std() < 0.2


def test_a_volume_gets_one_surface(grains, as_series):
    z = np.linspace(-1, 1, len(grains))[:, None, None]
    damaged = (grains * (1 + 0.2 * z)).astype(np.float32)
    operation = EvenShading(scope="volume")
    prepared = operation.prepare(as_series(damaged))
    box = tuple(slice(0, n) for n in grains.shape)
    even = operation.apply(damaged, Place(0, 0, box), prepared)
    assert flatness(damaged, grains) > 0.1
    assert flatness(even, grains) < 0.01


def test_added_brightness_goes(grains):
    clean = grains[6]
    added = 60 * (bowl(clean.shape) - 1)
    surface = fit_surface((clean + added)[None], mode="subtract")
    even = even_out(clean + added, surface.at(clean.shape, 0.0), surface.level, "subtract")
    assert added.std() > 8
    assert (even - clean).std() < 0.5


@pytest.mark.parametrize("dark", [-5, -60, -200])
def test_grey_values_below_zero_are_evened_out_too(grains, as_series, dark):
    """Reconstructions are real numbers, in which pores are about 0 or below."""
    clean = grains - 100 + dark
    series = as_series((clean * bowl(clean.shape[1:])).astype(np.float32))
    operation = EvenShading(scope="volume")
    box = tuple(slice(0, n) for n in series.volume_shape)
    even = operation.apply(series.frame(0), Place(0, 0, box), operation.prepare(series))
    gain, offset = np.polyfit(clean.ravel(), even.ravel(), 1)
    assert gain > 0.5
    rest = even - (gain * clean + offset)
    assert rest.std() < 0.04 * gain * clean.std()

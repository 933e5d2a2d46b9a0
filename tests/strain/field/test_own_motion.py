from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import fourier_gaussian, fourier_shift, uniform_filter

from operando.samples import ElectrodeSettings, make_electrode
from operando.strain import CorrelationSettings, correlate
from operando.strain.field.gradient import Layout
from operando.strain.field.own_motion import left_over_motion, neighbour_variance
from operando.strain.field.usual_noise import UsualNoise

WINDOW = 21


def test_left_over_motion_is_that_which_the_residual_is_made_of() -> None:
    """Moved by m, a texture of derivatives f differs by m f; both frames share the residual."""
    motion, noise = 0.2, 0.01
    contrast = np.tile([1.0, 0.05, 0.02, 0.08], (3, 1))
    residual = np.array([0.0, 0.0, 0.5 * motion**2 * contrast[0, 1:].sum()])
    found = left_over_motion(
        noise * np.array([1.0, 1.03, 1.0]) + residual,
        UsualNoise(noise, 0.01),
        contrast,
        np.full(3, WINDOW**3),
    )
    np.testing.assert_allclose(found, [0, 0, motion**2], rtol=1e-9)


def test_the_noise_is_that_of_quiet_windows() -> None:
    """Where residuals scatter more than voxels of noise can, the usual one is not only noise."""
    contrast, voxels = np.full((1, 4), 0.05), np.full(1, WINDOW**3)
    usual = [
        left_over_motion(np.array([0.01]), UsualNoise(0.01, s), contrast, voxels)
        for s in (0.01, 0.3)
    ]
    assert usual[0] == 0
    assert usual[1] > 0


@pytest.mark.parametrize("spacing", [8, 15, 24])
def test_neighbours_tell_the_variance_of_window_means(spacing: int) -> None:
    """Even where windows share most of their voxels, beside a motion that bends."""
    grid = (7, 7, 7)
    edges = [(n - 1) * spacing + WINDOW for n in grid]
    nodes = np.stack(np.indices(grid), axis=-1).reshape(-1, 3)
    at = tuple((spacing * nodes + WINDOW // 2).T)
    rng = np.random.default_rng(0)
    own = [uniform_filter(rng.normal(size=edges).astype(np.float32), WINDOW)[at] for _ in range(3)]
    moved = 100 * WINDOW**-1.5 * np.stack([o / o.std() for o in own], axis=1)
    valid = rng.random(len(nodes)) > 0.05
    found = neighbour_variance(
        moved + 1e-3 * nodes**2, valid, Layout(grid, (spacing,) * 3, (WINDOW,) * 3)
    )
    assert found.mean() == pytest.approx(100**2 / WINDOW**3, rel=0.2)


def test_nodes_without_neighbours_are_told_nothing() -> None:
    layout = Layout((4, 4, 4), (15, 15, 15), (WINDOW,) * 3)
    found = neighbour_variance(np.zeros((64, 3)), np.arange(64) < 1, layout)
    assert np.isinf(found).all()


@pytest.mark.parametrize("rotation", [0.5, 3.0])
def test_errors_are_predicted_where_particles_turn_inside_windows(rotation: float) -> None:
    """Against the true motion of every voxel of solid."""
    settings = ElectrodeSettings().with_(shape=(56, 80, 80), frames=2, motion__rotation=rotation)
    electrode = make_electrode(settings, seed=31)
    field = correlate(*electrode.images, spacing=8)
    at = tuple(field.positions.astype(int).T)
    seen = field.valid & (electrode.phases[0][at] > 1)
    error = (field.displacement - electrode.displacement(1)[(slice(None), *at)].T)[seen]
    sigma = field.sigma[seen]
    assert field.info["own_motion_share"] > 0.5
    assert 0.6 < np.sqrt((sigma**2).mean() / (error**2).mean()) < 1.7
    assert (np.abs(error) < 2 * sigma).mean() > 0.75


def test_a_motion_of_the_whole_is_no_own_motion() -> None:
    rng = np.random.default_rng(3)
    shape, shift = (54, 54, 54), np.array([0.4, -0.3, 0.2])
    spectrum = fourier_gaussian(np.fft.fftn(rng.normal(size=shape)), 1.2)
    frames = [np.fft.ifftn(s).real for s in (spectrum, fourier_shift(spectrum, shift))]
    reference, deformed = (f / f.std() + 0.15 * rng.normal(size=shape) for f in frames)
    field = correlate(
        reference, deformed, spacing=7, window=15, settings=CorrelationSettings(coarse=False)
    )
    error = (field.displacement - shift)[field.valid]
    assert field.info["own_motion_share"] < 0.1
    assert np.sqrt((field.sigma[field.valid] ** 2).mean() / (error**2).mean()) < 1.2

from __future__ import annotations

import numpy as np
import pytest

from operando.clean import MatchIntensity
from operando.clean.intensity import linear, phase_levels
from operando.compute.blocks import Place
from operando.errors import InputError


def run(operation, series, t=0):
    prepared = operation.prepare(series)
    volume = series.frame(t)
    box = tuple(slice(0, n) for n in volume.shape)
    return operation.apply(volume.astype(np.float32), Place(t, 0, box), prepared)


@pytest.mark.parametrize("by", ["phases", "quantiles"])
def test_a_change_of_gain_and_offset_goes(grains, as_series, by):
    rng = np.random.default_rng(0)
    noisy = (grains + 5 * rng.standard_normal(grains.shape)).astype(np.float32)
    series = as_series(np.stack([noisy, 0.6 * noisy + 40]))
    matched = run(MatchIntensity(by=by), series, t=1)
    np.testing.assert_allclose(matched, noisy, atol=0.5)
    np.testing.assert_allclose(run(MatchIntensity(by=by), series, t=0), noisy, atol=1e-3)


def test_phases_hold_when_their_shares_change(grains, as_series):
    """More of the bright phase must not make the image darker."""
    later = grains.copy()
    later[:, :, :60] = 200
    series = as_series(np.stack([grains, 1.3 * later - 20]).astype(np.float32))
    matched = run(MatchIntensity(by="phases"), series, t=1)
    assert phase_levels(matched) == pytest.approx(phase_levels(grains), abs=2)


def test_jumps_between_slices_go(grains, as_series, compare):
    gains = 1 + 0.2 * np.random.default_rng(3).standard_normal((len(grains), 1, 1))
    damaged = (grains * gains).astype(np.float32)
    matched = run(MatchIntensity(slices=True), as_series(damaged))
    scale = grains.mean() / matched.mean()
    assert compare(grains).removed(damaged, matched * scale) > 0.75


def test_jumps_of_the_zero_between_slices_go(grains, as_series):
    jumps = 30 * np.random.default_rng(3).standard_normal((len(grains), 1, 1))
    matched = run(MatchIntensity(slices=True), as_series((grains + jumps).astype(np.float32)))
    left = np.median(matched - grains, axis=(1, 2))
    assert np.std(np.diff(left)) < 0.3 * np.std(np.diff(jumps.ravel()))


def test_a_missing_reference_is_named(grains, as_series):
    with pytest.raises(InputError, match="no frame 3"):
        MatchIntensity(reference=3).prepare(as_series(grains))


def test_levels_without_contrast_only_shift():
    assert linear((5, 5), (8, 8)) == (1.0, 3.0)


def test_levels_of_small_differences_of_large_numbers(grains):
    low, high = phase_levels(grains)
    far = phase_levels(grains.astype(float) / (high - low) * 8 + 1e6)
    assert far[1] - far[0] == pytest.approx(8, rel=0.03)


@pytest.mark.parametrize("by", ["phases", "quantiles"])
def test_a_circle_of_zeros_does_not_count(grains, as_series, by):
    rows, columns = np.ogrid[-1:1:160j, -1:1:160j]
    circle = np.hypot(rows, columns) < 0.95
    series = as_series(np.stack([grains, 1.3 * grains + 40]) * circle)
    matched = run(MatchIntensity(by=by), series, t=1)
    np.testing.assert_allclose(matched[:, circle], grains[:, circle], atol=0.5)


def test_one_hot_voxel_does_not_count(grains, as_series):
    later = 1.3 * grains + 40
    later[3, 40, 40] = 1e6
    matched = run(MatchIntensity(), as_series(np.stack([grains, later])), t=1)
    matched[3, 40, 40] = grains[3, 40, 40]
    np.testing.assert_allclose(matched, grains, atol=0.5)

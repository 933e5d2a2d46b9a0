from __future__ import annotations

from dataclasses import fields

import pytest

from operando.errors import InputError
from operando.samples import (
    BinderSettings,
    CrackSettings,
    ElectrodeSettings,
    GreySettings,
    MotionSettings,
    ParticleSettings,
    ScannerSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
)

GROUPS = (
    ParticleSettings,
    CrackSettings,
    BinderSettings,
    MotionSettings,
    GreySettings,
    ScannerSettings,
)


@pytest.mark.parametrize("group", GROUPS)
def test_every_number_is_refused_beyond_its_bounds(group):
    for f in fields(group):
        low, high = f.metadata["bounds"]
        assert low <= f.default <= high
        for value in (low - 1, high + 1, float("nan")):
            with pytest.raises(InputError, match=f"{f.name} is .*; choose a number from"):
                group(**{f.name: value})
        for value in (low, high):
            assert getattr(group(**{f.name: value}), f.name) == value


@pytest.mark.parametrize("group", GROUPS)
def test_every_number_is_documented(group):
    for f in fields(group):
        assert f.name in group.__doc__


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (4, 32, 32)},
        {"shape": (32, 32)},
        {"frames": 0},
        {"hours": 0.0},
        {"voxel_size": (0.1, -0.1, 0.1)},
    ],
)
def test_impossible_electrodes_are_refused(changes):
    with pytest.raises(InputError):
        ElectrodeSettings(**changes)


def test_draws_vary_within_their_ranges_and_repeat():
    draws = [draw_settings(seed) for seed in range(40)]
    assert draws[7] == draw_settings(7)
    for group in fields(ElectrodeSettings):
        parts = [getattr(d, group.name) for d in draws]
        if not hasattr(parts[0], "__dataclass_fields__"):
            continue
        for f in fields(parts[0]):
            if "draw" in f.metadata:
                low, high = f.metadata["draw"]
                values = [getattr(p, f.name) for p in parts]
                assert low <= min(values) < max(values) <= high
                assert max(values) - min(values) > 0.5 * (high - low)


def test_draws_hold_what_is_asked():
    drawn = draw_settings(3, shape=(16, 24, 32), scanner__noise=0.0)
    assert drawn.shape == (16, 24, 32)
    assert drawn.scanner.noise == 0


def test_with_changes_one_number_only():
    base = ElectrodeSettings()
    changed = base.with_(cracks__share=0.9, frames=2)
    assert (changed.cracks.share, changed.frames) == (0.9, 2)
    assert changed.cracks.opening == base.cracks.opening
    assert base.frames == 4


def test_presets_differ_in_density():
    loose, dense = loose_electrode(frames=2), calendered_electrode()
    assert loose.frames == 2
    assert loose.particles.solid_fraction < dense.particles.solid_fraction
    assert dense.cracks.reach > 2.2

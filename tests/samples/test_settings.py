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


def test_with_changes_one_number_only():
    base = ElectrodeSettings()
    changed = base.with_(cracks__share=0.9, frames=2)
    assert (changed.cracks.share, changed.frames) == (0.9, 2)
    assert changed.cracks.opening == base.cracks.opening
    assert base.frames == 4

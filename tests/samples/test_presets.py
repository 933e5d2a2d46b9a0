from __future__ import annotations

from dataclasses import fields

from operando.samples import (
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
)
from operando.samples.settings import Group


def test_draws_vary_within_their_ranges_and_repeat():
    draws = [draw_settings(seed) for seed in range(40)]
    assert draws[7] == draw_settings(7)
    for group in fields(ElectrodeSettings):
        parts = [getattr(d, group.name) for d in draws]
        if not isinstance(parts[0], Group):
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


def test_presets_differ_in_density():
    loose, dense = loose_electrode(frames=2), calendered_electrode()
    assert loose.frames == 2
    assert loose.particles.solid_fraction < dense.particles.solid_fraction
    assert dense.cracks.reach > 2.2

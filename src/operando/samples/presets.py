"""Typical electrodes, and random ones."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from operando.samples.settings import ElectrodeSettings, Group

G = TypeVar("G", bound=Group)


def loose_electrode(**changes: Any) -> ElectrodeSettings:
    """Return settings of a loosely packed electrode: round particles, point contacts."""
    loose = ElectrodeSettings().with_(
        particles__solid_fraction=0.45,
        particles__overlap=0.02,
        particles__lobed=0.0,
        binder__fraction=0.4,
    )
    return loose.with_(**changes)


def calendered_electrode(**changes: Any) -> ElectrodeSettings:
    """Return settings of a densely calendered one: flat contacts, lobes, cracks right through."""
    dense = ElectrodeSettings().with_(
        particles__solid_fraction=0.88,
        particles__overlap=0.16,
        particles__lobed=0.4,
        particles__contact_gap=0.5,
        cracks__share=0.6,
        cracks__reach=2.4,
        binder__fraction=0.7,
    )
    return dense.with_(**changes)


def draw_settings(seed: int, **changes: Any) -> ElectrodeSettings:
    """Draw a random variation of every setting, for pre-training and robust tests.

    Parameters
    ----------
    seed
        The same seed gives the same settings.
    changes
        Settings to hold fixed, as in `ElectrodeSettings.with_`.
    """
    rng = np.random.default_rng([seed, 0x5E77])
    base = ElectrodeSettings()
    groups = {
        f.name: _draw_group(getattr(base, f.name), rng)
        for f in fields(base)
        if isinstance(getattr(base, f.name), Group)
    }
    return replace(base, **groups).with_(**changes)


def _draw_group(group: G, rng: np.random.Generator) -> G:
    drawn = {
        f.name: float(rng.uniform(*f.metadata["draw"]))
        for f in fields(group)
        if "draw" in f.metadata
    }
    return replace(group, **drawn)

"""Groups of particles: cracked or whole, detached or held, by number of fragments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data.classes import COLOUR_CYCLE
from operando.steps.particles import CRACKED_FROM

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DETACHED_FROM = 0.5
"""Share of the surface that faces pore from which a particle counts as detached."""

GROUPINGS = {
    "one group": "",
    "cracked": "crack_fraction",
    "detached": "detachment",
    "fragments": "fragments",
}
"""What a list offers, with the column that it needs."""

_BLUE, _ORANGE, _GREEN = COLOUR_CYCLE[0], COLOUR_CYCLE[1], COLOUR_CYCLE[2]


@dataclass(frozen=True)
class Group:
    """Some rows of a table under one name and colour."""

    name: str
    colour: str
    rows: NDArray[np.bool_]


def groups_of(table: pd.DataFrame, grouping: str) -> list[Group]:
    """Divide rows; those whose column is empty belong to no group."""
    column = GROUPINGS.get(grouping, "")
    if not column or column not in table:
        return [Group("", _BLUE, np.ones(len(table), bool))]
    values = table[column].to_numpy(float)
    if grouping == "fragments":
        return [
            Group("1 piece or none", _BLUE, values <= 1),
            Group("2 pieces", _ORANGE, values == 2),
            Group("3 or more", _GREEN, values >= 3),
        ]
    least = CRACKED_FROM if grouping == "cracked" else DETACHED_FROM
    other = "whole" if grouping == "cracked" else "held"
    return [
        Group(f"{other} (below {least:g})", _BLUE, values < least),
        Group(f"{grouping} ({least:g} or more)", _ORANGE, values >= least),
    ]

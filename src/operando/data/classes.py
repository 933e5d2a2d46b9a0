"""Named, coloured classes: what a stroke, a voxel or a phase can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CLASSES = 254


@dataclass(frozen=True)
class LabelClass:
    """One class of voxels.

    Parameters
    ----------
    name
        What users call it, such as "particle".
    colour
        ``#rrggbb``.
    """

    name: str
    colour: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError(f"A class needs a name ({self.name!r})", "type one, such as pore")
        if not isinstance(self.colour, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise InputError(f"{self.colour!r} is not a colour", "write it as #rrggbb")


# Okabe and Ito (2008), readable with every common colour vision deficiency.
COLOUR_CYCLE = (
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#999999",
)

DEFAULT_CLASSES = (
    LabelClass("pore", COLOUR_CYCLE[0]),
    LabelClass("binder", COLOUR_CYCLE[1]),
    LabelClass("particle", COLOUR_CYCLE[2]),
)


def check_classes(classes: Sequence[LabelClass]) -> tuple[LabelClass, ...]:
    """Return the classes as a tuple; refuse none, too many, or two of one name."""
    unknown = [c for c in classes if not isinstance(c, LabelClass)]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no class", 'give LabelClass("pore", "#56b4e9")')
    names = [c.name for c in classes]
    if not 1 <= len(names) <= MAX_CLASSES:
        raise InputError(f"{len(names)} classes", f"use 1 to {MAX_CLASSES}")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"Two classes are called {sorted(twice)[0]!r}", "rename one of them")
    return tuple(classes)


def next_colour(classes: Sequence[LabelClass]) -> str:
    """Return a colour that the classes do not use yet, as long as there is one."""
    used = {c.colour.lower() for c in classes}
    free = [c for c in COLOUR_CYCLE if c not in used]
    return free[0] if free else COLOUR_CYCLE[len(classes) % len(COLOUR_CYCLE)]

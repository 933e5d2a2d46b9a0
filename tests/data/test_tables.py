from __future__ import annotations

import re

from operando.data import PARTICLE_COLUMNS, Column

SUFFIXES = {"h": "_h", "µm": "_um", "µm²": "_um2", "µm³": "_um3"}


def test_headers_carry_the_unit() -> None:
    assert Column("time_h", "time", "h", "").header == "time (h)"
    assert Column("frame", "frame", "", "").header == "frame"


def test_names_carry_the_unit_and_are_unique() -> None:
    names = [c.name for c in PARTICLE_COLUMNS]
    assert len(set(names)) == len(names)
    assert names[:2] == ["frame", "particle"]
    for column in PARTICLE_COLUMNS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.name.endswith(SUFFIXES.get(column.unit, ""))
        assert column.description

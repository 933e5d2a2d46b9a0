from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from operando.data import PARTICLE_COLUMNS
from operando.errors import InputError
from operando.ui.particles.filter import matching_rows

TABLE = pd.DataFrame(
    {
        "frame": [0, 0, 1, 1],
        "particle": [3, 31, 12, 5],
        "volume_um3": [1.0, 6.0, np.nan, 7.5],
        "crack_fraction": [0.0, 0.2, 0.1, 0.4],
        "on_edge": [True, False, False, True],
    }
)
COLUMNS = [c for c in PARTICLE_COLUMNS if c.name in TABLE]


@pytest.mark.parametrize(
    ("text", "particles"),
    [
        ("", [3, 31, 12, 5]),
        ("3", [3, 31]),
        ("volume > 5", [31, 5]),
        ("volume_um3<=6", [3, 31]),
        ("vol >= 6, crack < 0.3", [31]),
        ("crack > 0.05 AND frame = 1", [12, 5]),
        ("id != 12", [3, 31, 5]),
        ("on edge = yes", [3, 5]),
        ("crack > 1e-1", [31, 5]),
        ("crack > 0,15", [31, 5]),
        ("vol > 0,5,crack < 0,15", [3]),
    ],
)
def test_filter_keeps_the_rows_that_fit(text: str, particles: list[int]) -> None:
    assert TABLE["particle"][matching_rows(text, TABLE, COLUMNS)].tolist() == particles


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mass > 5", "no column 'mass'"),
        ("volume > big", "'big' is not a number"),
        ("volume", "Cannot read 'volume'"),
        ("3,1", "Cannot read '3,1'"),
        ("volume > 5 > 2", "Cannot read"),
        ("__import__('os')", "Cannot read"),
    ],
)
def test_filter_says_what_it_cannot_read(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        matching_rows(text, TABLE, COLUMNS)


def test_filter_asks_when_a_name_is_ambiguous() -> None:
    with pytest.raises(InputError, match="can mean diameter or description"):
        matching_rows(
            "d > 1",
            TABLE,
            [
                *COLUMNS,
                *(c for c in PARTICLE_COLUMNS if c.name == "diameter_um"),
                type(COLUMNS[0])("description", "description", "", ""),
            ],
        )

from __future__ import annotations

import math

import pytest

from operando.report.section import hours, number


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "0 h"),
        (0.0034, "0.0034 h"),
        (1.5, "1.5 h"),
        (120, "120 h"),
        (120.04, "120.04 h"),
        (1234.5, "1234.5 h"),
    ],
)
def test_frames_of_long_records_are_told_apart(time: float, text: str) -> None:
    assert hours(time) == text


def test_what_is_no_number_is_a_dash() -> None:
    assert number(1.25, ".1f") == "1.2"
    assert number(math.nan, ".1f") == "–"

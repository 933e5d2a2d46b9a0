from __future__ import annotations

import pytest

from operando.files.units import hours, micrometres


@pytest.mark.parametrize(
    ("unit", "length"),
    [
        ("micron", 1),
        ("µm", 1),
        ("\u03bcm", 1),
        ("\\u00B5m", 1),
        (" um ", 1),
        ("nanometer", 1e-3),
        ("nm", 1e-3),
        ("mm", 1e3),
        ("Å", 1e-4),
        ("\u212b", 1e-4),
        ("m", 1e6),
        ("inch", 25400),
        ("microns", 1),
        ("Micrometers", 1),
        ("millimetres", 1e3),
    ],
)
def test_lengths(unit: str, length: float) -> None:
    assert micrometres(unit) == pytest.approx(length)


@pytest.mark.parametrize(
    "unit", [None, "", "pixel", "reference frame", "second", "none", "ms", "s"]
)
def test_no_length(unit: str | None) -> None:
    assert micrometres(unit) is None


@pytest.mark.parametrize(
    ("unit", "duration"),
    [
        ("s", 1 / 3600),
        ("second", 1 / 3600),
        ("min", 1 / 60),
        ("hour", 1),
        ("day", 24),
        ("seconds", 1 / 3600),
        ("mins", 1 / 60),
        ("hrs", 1),
        ("ms", 1 / 3.6e6),
    ],
)
def test_durations(unit: str, duration: float) -> None:
    assert hours(unit) == pytest.approx(duration)


def test_no_duration() -> None:
    assert hours("frame") is None

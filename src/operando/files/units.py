"""Lengths to micrometres and durations to hours, as file formats spell them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MICROMETRES = {
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "dm": 1e5,
    "decimeter": 1e5,
    "cm": 1e4,
    "centimeter": 1e4,
    "centimetre": 1e4,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "um": 1.0,
    "micron": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "angstrom": 1e-4,
    "å": 1e-4,
    "pm": 1e-6,
    "picometer": 1e-6,
    "inch": 25400.0,
    "in": 25400.0,
}

HOURS = {
    "d": 24.0,
    "day": 24.0,
    "h": 1.0,
    "hr": 1.0,
    "hour": 1.0,
    "min": 1 / 60,
    "minute": 1 / 60,
    "s": 1 / 3600,
    "sec": 1 / 3600,
    "second": 1 / 3600,
    "ms": 1 / 3.6e6,
    "millisecond": 1 / 3.6e6,
    "us": 1 / 3.6e9,
    "microsecond": 1 / 3.6e9,
}


def micrometres(unit: str | None) -> float | None:
    """Micrometres in one `unit`, or None for no length ("pixel", "", unknown)."""
    return _factor(unit, MICROMETRES)


def hours(unit: str | None) -> float | None:
    """Hours in one `unit`, or None for no duration."""
    return _factor(unit, HOURS)


def _factor(unit: str | None, known: Mapping[str, float]) -> float | None:
    name = _plain(unit)
    # "ms" is no plural.
    return known.get(name, known.get(name.removesuffix("s")) if len(name) > 2 else None)


def _plain(unit: str | None) -> str:
    # ImageJ writes the Greek letter as an escape, and there are two code points for it.
    text = (unit or "").strip().strip('"').replace("\\u00B5", "u").lower()
    return text.replace("\u00b5", "u").replace("\u03bc", "u").replace("\u212b", "å")

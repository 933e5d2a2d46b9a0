"""Frame times that are written in the names of files or folders."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from operando.files.calibration import sound_times
from operando.files.units import hours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CLOCK = r"[-_T. ]+([0-2]\d)[-_:.h]?([0-5]\d)(?:[-_:.m]?([0-5]\d))?(?!\d)"
DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)" + _CLOCK)
_YEAR_LAST = r"(?<!\d)([0-3]\d)([-_.])([0-3]\d)\2(20[0-3]\d)"
YEAR_LAST, DAY = re.compile(_YEAR_LAST + _CLOCK), re.compile(_YEAR_LAST + r"(?!\d)")
"""Dates with and without the time of day that end with the year."""
DURATION = re.compile(
    r"(?<![A-Za-z\d])(?:t|time)?[-_=]?(\d+(?:[.,p]\d+)?)[-_ ]?(h|min|s)(?![A-Za-z\d])"
)


def times_from_names(names: Sequence[str]) -> tuple[float, ...] | None:
    """Hours since the first frame, from dates or durations in the names of the frames.

    Parameters
    ----------
    names
        One per frame, such as "scan_2024-05-29_15-03-16" or "cell_090min".

    Returns
    -------
    None unless every name has one and they rise.
    """
    known = _told(names) or _read_with_year_last(YEAR_LAST, names)[0]
    return sound_times([time - known[0] for time in known]) if known else None


def in_order_of_times(paths: Sequence[Path]) -> list[Path]:
    """Put frames in the order of the times in their names, such as 1.25h before 1.5h.

    They stay as they are unless every name has one and no two are the same; those of one day stay
    together.
    """
    names = [path.name for path in paths]
    known = _told(names) or _read_with_year_last(YEAR_LAST, names)[0]
    if known is None or len(set(known)) < len(known):
        known = _read_with_year_last(DAY, names)[0]
    if known is None:
        return list(paths)
    return [paths[k] for k in sorted(range(len(paths)), key=known.__getitem__)]


def first_in_dates(names: Sequence[str]) -> str:
    """Which of day and month was taken to stand first in the dates in names; "" if none are so."""
    return "" if _told(names) else _read_with_year_last(DAY, names)[1]


def _told(names: Sequence[str]) -> list[float] | None:
    """Hours that names tell, None unless all of several do in one way."""
    for pattern in (_from_date, _from_duration):
        known = [time for time in map(pattern, names) if time is not None]
        if len(known) == len(names) > 1:
            return known
    return None


def _read_with_year_last(
    pattern: re.Pattern[str], names: Sequence[str]
) -> tuple[list[float] | None, str]:
    """Hours of dates such as 13-02-2024, and whether their day or month stands first.

    Where both can be, as in 03-04-2024, it is that with which they lie nearer to each other.
    """
    matches = [match for match in map(pattern.search, names) if match]
    if not len(matches) == len(names) > 1:
        return None, ""
    read = {}
    for first in ("day", "month"):
        parts = [(m[4], *((m[3], m[1]) if first == "day" else (m[1], m[3]))) for m in matches]
        known = [
            time
            for part, m in zip(parts, matches, strict=True)
            if (time := _hours(*part, *m.groups()[4:])) is not None
        ]
        if len(known) == len(names):
            read[first] = known
    if not read:
        return None, ""
    first = min(read, key=lambda first: max(read[first]) - min(read[first]))
    return read[first], first


def _from_date(name: str) -> float | None:
    match = DATE.search(name)
    return _hours(*match.groups()) if match else None


def _hours(*parts: str | None) -> float | None:
    """Hours of year, month, day and what else is known; None where there is no such date."""
    try:
        moment = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]
    except ValueError:
        return None
    return (moment - datetime(2000, 1, 1)).total_seconds() / 3600


def _from_duration(name: str) -> float | None:
    matches = DURATION.findall(name)
    if len(matches) != 1:
        return None
    number, unit = matches[0]
    per_unit = hours(unit)
    return None if per_unit is None else float(re.sub("[,p]", ".", number)) * per_unit

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

DATE = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)[-_T. ]+"
    r"([0-2]\d)[-_:.h]?([0-5]\d)(?:[-_:.m]?([0-5]\d))?(?!\d)"
)
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
    known = _told(names)
    return sound_times([time - known[0] for time in known]) if known else None


def in_order_of_times(paths: Sequence[Path]) -> list[Path]:
    """Put frames in the order of the times in their names, such as 1.25h before 1.5h.

    They stay as they are unless every name has one and no two are the same.
    """
    known = _told([path.name for path in paths])
    if known is None or len(set(known)) < len(known):
        return list(paths)
    return [path for _, path in sorted(zip(known, paths, strict=True))]


def _told(names: Sequence[str]) -> list[float] | None:
    """Hours that names tell, None unless all of several do in one way."""
    for pattern in (_from_date, _from_duration):
        known = [time for time in map(pattern, names) if time is not None]
        if len(known) == len(names) > 1:
            return known
    return None


def _from_date(name: str) -> float | None:
    match = DATE.search(name)
    if match is None:
        return None
    try:
        moment = datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]
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

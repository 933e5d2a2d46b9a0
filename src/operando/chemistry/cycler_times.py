"""Times as cyclers write them: numbers, durations and dates, in cells or as text."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.chemistry.cycler_columns import Meant

_ZONE = r"(?:Z|[+-]\d\d:?\d\d)\s*$"
_MOSTLY = 0.9
"""Share of the steps that go back in time from which on a record has its last row first."""
_MIXED = 0.1
"""Share of the steps that go back in time, and not to a new start, of rows that are mixed up."""
_SUMMER_H = 1.0
"""By how much clocks are set for daylight saving time."""
_DAY_H = 24.0
_FEW_STEPS, _SUNDAY, _MORNING = 5, 6, 4
"""Clocks are set ahead on a Sunday before four, within some rows of the record."""


@dataclass(frozen=True)
class Times:
    """Times of the rows of a record.

    Parameters
    ----------
    hours
        ``(rows,)``, NaN where there is none; those of dates count from the first one.
    is_clock
        Whether they are dates.
    guessed
        What was assumed about them, or "".
    first
        The first date, where they are dates; without a time zone if they have none.
    """

    hours: NDArray[np.float64]
    is_clock: bool = False
    guessed: str = ""
    first: datetime.datetime | None = None

    @property
    def running(self) -> NDArray[np.float64]:
        """Hours that go on where those of the file start again with every step ``(rows,)``."""
        known = np.isfinite(self.hours)
        hours = self.hours[known]
        before = np.concatenate([hours[:1], hours[:-1]])
        set_back = before - hours
        # A step of its own counts from its beginning; a clock that was set back, from now.
        added = np.where(self._starts(hours, before), before, set_back)
        near = self._near
        if self.is_clock and near < _SUMMER_H / 2:
            summer = (set_back < _SUMMER_H) & (set_back > _SUMMER_H - near)
            added = np.where(summer, _SUMMER_H, added)
        elif hours.max(initial=0) < _DAY_H:
            # The time of day begins again at midnight.
            added = np.where((added == before) & (before > _DAY_H - near), _DAY_H, added)
        running = self.hours.copy()
        running[known] += np.cumsum(np.where(set_back > 0, added, 0.0))
        return running

    @property
    def order(self) -> NDArray[np.intp] | None:
        """Rows from the first to the last one in time; None if they are so, or start again."""
        hours = self.hours[np.isfinite(self.hours)]
        steps = np.diff(hours)
        n, back = np.count_nonzero(steps), steps < 0
        if not back.any():
            return None
        if back.sum() > _MOSTLY * n:
            return np.arange(len(self.hours))[::-1]
        starts = self._starts(hours[1:], hours[:-1])
        astray = int((back & ~starts).sum())
        mixed = astray > _MIXED * n or not (self.is_clock or starts.any())
        most = np.inf if self.is_clock else self._near
        if not mixed and not _follow(hours, most):
            return None
        return np.argsort(self.hours, kind="stable")

    @property
    def starts_again(self) -> bool:
        """Whether they do, such as with every step."""
        hours = self.hours[np.isfinite(self.hours)]
        return self.order is None and bool(self._starts(hours[1:], hours[:-1]).any())

    def jumps(self, name: str) -> list[str]:
        """Say where times of this name are taken otherwise than they stand, or may have to be."""
        hours = self.hours[np.isfinite(self.hours)]
        steps = np.diff(hours)
        back = steps < 0
        said = []
        if back.any():
            how = f"goes back by up to {-steps.min():.3g} h" if self.is_clock else "starts again"
            said.append(f"{name} {how} ({back.sum()} ×) and is taken to run on")
        if self.first is None or self.first.tzinfo is not None or self._near > _SUMMER_H / 2:
            return said
        for row in np.flatnonzero((steps >= _SUMMER_H) & (steps <= _SUMMER_H + self._near)):
            moment = self.first + datetime.timedelta(hours=float(hours[row]))
            if moment.weekday() == _SUNDAY and moment.hour < _MORNING:
                said.append(
                    f"{name} jumps an hour ahead after {moment:%Y-%m-%d %H:%M}, which is kept; "
                    "if that is daylight saving time, later rows are an hour late"
                )
        return said

    @property
    def _near(self) -> float:
        """Time that a few rows take (h)."""
        steps = np.diff(self.hours[np.isfinite(self.hours)])
        return float(_FEW_STEPS * np.median(steps[steps > 0])) if (steps > 0).any() else 0.0

    def _starts(self, hours: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether times fall so far behind the ones before that they start again."""
        return np.asarray((hours < before) & (hours <= 0.5 * before) & (not self.is_clock))


def _follow(hours: NDArray[np.float64], most: float) -> bool:
    """Whether the pieces in which times rise follow each other in another order.

    Parameters
    ----------
    hours
        ``(rows,)``.
    most
        Gap between two of them (h).
    """
    pieces = np.split(hours, np.flatnonzero(np.diff(hours) < 0) + 1)
    ends = sorted((piece[0], piece[-1]) for piece in pieces)
    return all(0 < there[0] - here[1] <= most for here, there in pairwise(ends))


def read_times(column: pd.Series, meant: Meant) -> Times:
    """Read a column of times.

    Parameters
    ----------
    column
        Numbers; durations, also 02:03:04 or 1d 02:03:04; or dates. The unit of its name counts
        for numbers only.
    meant
        What `recognise` found out about it.
    """
    import pandas as pd

    if column.dtype.kind == "m":
        return Times(_hours(column))
    if column.dtype.kind == "M":
        return Times(_since_first(column), is_clock=True, first=_first(column))
    numbers = to_numbers(column)
    if np.isfinite(numbers).any():
        guessed = f"{meant.name} in {meant.guessed}" if meant.guessed else ""
        return Times(numbers * meant.factor, guessed=guessed)
    cells = _excel_durations(column)
    if cells is not None:
        return Times(cells)
    text = column.astype(str)
    spelled = text.str.replace(r"^(\d+)d\s*", r"\1 days ", regex=True)
    # Digits without a unit would be taken for nanoseconds.
    spans = pd.to_timedelta(spelled.where(spelled.str.contains("[:a-z]")), errors="coerce")
    if spans.notna().any():
        return Times(_hours(spans))
    moments, first = _moments(text)
    guessed = f"{meant.name} with the {first} first" if first else ""
    zoned = text.where(moments.notna()).str.contains(_ZONE, na=False).any()
    begun = _first(moments if zoned else moments.dt.tz_localize(None))
    return Times(_since_first(moments), is_clock=True, guessed=guessed, first=begun)


def to_numbers(column: pd.Series) -> NDArray[np.float64]:
    """Read numbers ``(rows,)``, NaN where there is none; 1,234.5 and 1.234,5 are some.

    1,234 alone may be either, and is taken for neither.
    """
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    lost = numbers.isna() & column.notna()
    if column.dtype.kind in "mM" or not lost.any():
        return np.asarray(numbers.to_numpy(float))
    text = (
        column[lost].astype(str).str.strip().str.replace(r"(?<=\d)['\s](?=\d{3})", "", regex=True)
    )
    if text.str.fullmatch(r"[-+]?\d{1,3}(,\d{3})+\.\d+").any():
        text = text.str.replace(",", "")
    elif text.str.fullmatch(r"[-+]?\d+,(\d{1,2}|\d{4,})|[-+]?\d{1,3}(\.\d{3})+,\d+").any():
        text = text.str.replace(".", "").str.replace(",", ".")
    numbers[lost] = pd.to_numeric(text, errors="coerce").astype(float)
    return np.asarray(numbers.to_numpy(float))


def _first(moments: pd.Series) -> datetime.datetime | None:
    known = moments.dropna()
    return known.iloc[0].to_pydatetime(warn=False) if len(known) else None


def _hours(spans: pd.Series) -> NDArray[np.float64]:
    return np.asarray(spans.dt.total_seconds().to_numpy(float) / 3600)


def _since_first(moments: pd.Series) -> NDArray[np.float64]:
    known = moments.dropna()
    return _hours(moments - known.iloc[0]) if len(known) else np.full(len(moments), np.nan)


def _excel_durations(column: pd.Series) -> NDArray[np.float64] | None:
    """Hours of cells that Excel shows as times of the day, and from a day on as dates of 1900."""
    import pandas as pd

    kinds = {type(cell) for cell in column.dropna()}
    shown = {datetime.time, datetime.datetime}
    if not shown <= kinds or not kinds <= shown | {datetime.timedelta}:
        return None
    from openpyxl.utils.datetime import to_excel  # type: ignore[import-untyped]

    return np.array([np.nan if pd.isna(cell) else 24 * to_excel(cell) for cell in column], float)


def _moments(text: pd.Series) -> tuple[pd.Series, str]:
    """Dates, and which of day and month was taken to stand first where that is not certain."""
    import pandas as pd

    iso = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    if iso.notna().any():
        return iso, ""
    read = {first: _read_dates(text, first) for first in ("day", "month")}
    fewest = min(int(moments.isna().sum()) for moments in read.values())
    likely = {
        first: _with_odd_rows(moments, text, first)
        for first, moments in read.items()
        if moments.isna().sum() == fewest
    }
    first = min(likely, key=lambda first: _oddness(likely[first]))
    hours = [_since_first(moments) for moments in likely.values()]
    certain = len(hours) == 2 and np.array_equal(hours[0], hours[1], equal_nan=True)
    return likely[first], "" if certain else first


def _read_dates(text: pd.Series, first: str) -> pd.Series:
    """Dates of the rows that look like the first one, which are read fast."""
    import pandas as pd

    with warnings.catch_warnings():
        # It warns where the first row can only be read the other way round.
        warnings.simplefilter("ignore", UserWarning)
        return pd.to_datetime(text, dayfirst=first == "day", utc=True, errors="coerce")


def _with_odd_rows(moments: pd.Series, text: pd.Series, first: str) -> pd.Series:
    """Dates also of the rows that look otherwise."""
    import pandas as pd

    odd = text[moments.isna()]
    found = pd.to_datetime(odd, format="mixed", dayfirst=first == "day", utc=True, errors="coerce")
    return moments.fillna(found)


def _oddness(moments: pd.Series) -> tuple[int, int, float]:
    """Rows that are no dates, steps back, and hours in all: the fewer, the likelier the order."""
    hours = _since_first(moments)
    known = hours[np.isfinite(hours)]
    span = float(np.ptp(known)) if known.size else 0.0
    return len(hours) - known.size, int((np.diff(known) < 0).sum()), span

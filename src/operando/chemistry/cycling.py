"""The cycling table: one record of voltage, current and charge against time, in fixed units."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from operando.data.tables import Column
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

CYCLING_COLUMNS = (
    Column("time_h", "time", "h", "Hours on the time axis of the images"),
    Column("voltage_v", "voltage", "V", "Cell voltage, or that of the working electrode", 3),
    Column("current_a", "current", "A", "Positive on charge", 5),
    Column(
        "capacity_ah", "capacity", "Ah", "Net charge since the first row, positive on charge", 5
    ),
    Column("step", "step", "", "Number of the step of the protocol", 0),
    Column("cycle", "cycle", "", "Number of the cycle", 0),
)
OFFSET, STARTED = "offset_h", "started"
"""Keys of `DataFrame.attrs`: hours added to the cycler's own time; when the record began."""


def cycling_table(
    time_h: ArrayLike,
    voltage_v: ArrayLike,
    current_a: ArrayLike | None = None,
    capacity_ah: ArrayLike | None = None,
    step: ArrayLike | None = None,
    cycle: ArrayLike | None = None,
) -> pd.DataFrame:
    """Make a cycling table; rows without time or voltage are left out, and times are sorted.

    Parameters
    ----------
    time_h
        Hours.
    voltage_v, current_a
        Volts; amperes, positive on charge. Without a current the slope of `capacity_ah` before
        each row, which is what cyclers call the mean current.
    capacity_ah
        Net charge since the first row; without it the integral of the current (trapezoids).
    step, cycle
        Numbers; 0 where they are not known.

    Returns
    -------
    The columns of `CYCLING_COLUMNS`. ``attrs["offset_h"]`` is 0.

    Raises
    ------
    InputError
        If fewer than two rows are left, or the columns are no equally long lists of numbers.
    """
    import pandas as pd

    hours = _as_rows(time_h, "time_h")
    nothing = np.full(len(hours), np.nan)
    current = nothing if current_a is None else _as_rows(current_a, "current_a", len(hours))
    volts = _as_rows(voltage_v, "voltage_v", len(hours))
    net = nothing if capacity_ah is None else _as_rows(capacity_ah, "capacity_ah", len(hours))
    table: pd.DataFrame = pd.DataFrame(
        {
            "time_h": hours,
            "voltage_v": volts,
            "current_a": current,
            "capacity_ah": net,
            "step": _numbers(step, len(hours)),
            "cycle": _numbers(cycle, len(hours)),
        }
    )
    table = table[np.isfinite(table["time_h"]) & np.isfinite(table["voltage_v"])]
    table = table.sort_values("time_h", kind="stable").reset_index(drop=True)
    if len(table) < 2:
        raise InputError(
            f"The cycling record has {len(table)} rows with time and voltage",
            "choose a file with a curve",
        )
    if current_a is None and capacity_ah is not None:
        step_h = np.diff(table["time_h"])
        slopes = np.diff(table["capacity_ah"]) / np.where(step_h > 0, step_h, np.nan)
        table["current_a"] = np.concatenate([[0.0], slopes])
    if capacity_ah is None and np.isfinite(table["current_a"]).any():
        table["capacity_ah"] = charge(table["time_h"].to_numpy(), table["current_a"].to_numpy())
    table.attrs = {OFFSET: 0.0}
    return table


def charge(time_h: NDArray[np.float64], current_a: NDArray[np.float64]) -> NDArray[np.float64]:
    """Charge that has passed since the first row (Ah), by the trapezoidal rule."""
    known = np.nan_to_num(current_a)
    parts = (known[1:] + known[:-1]) / 2 * np.diff(time_h)
    return np.concatenate([[0.0], np.cumsum(parts)])


def shift_cycling(table: pd.DataFrame, offset_h: float) -> pd.DataFrame:
    """Return the table with another offset of the cycler's time to that of the images.

    Parameters
    ----------
    table
        Cycling table; ``attrs["offset_h"]`` says what its times hold already.
    offset_h
        Time of the first frame on which the cycler's clock was 0 (h); negative if the cycler was
        started before.

    Raises
    ------
    InputError
        If the offset is not finite.
    """
    offset = _as_rows([offset_h], "offset_h")[0]
    if not np.isfinite(offset):
        raise InputError(f"An offset of {offset_h} h", "give a number of hours")
    moved = table.copy()
    moved["time_h"] = table["time_h"] + (offset - float(table.attrs.get(OFFSET, 0.0)))
    moved.attrs = {**table.attrs, OFFSET: float(offset)}
    return moved


def offset_from_dates(
    table: pd.DataFrame, acquired: datetime | None, time_h: float = 0.0
) -> float | None:
    """Time of the images at which a record began (h), by the dates of both.

    Parameters
    ----------
    table
        Cycling table; ``attrs["started"]`` is the date of its first row, if it is known.
    acquired
        Date of a frame.
    time_h
        Time of that frame.

    Returns
    -------
    None unless both dates are known, and both with a time zone or both without.
    """
    started = table.attrs.get(STARTED)
    if acquired is None or not started:
        return None
    begun = datetime.fromisoformat(started)
    if (begun.tzinfo is None) != (acquired.tzinfo is None):
        return None
    return time_h + (begun - acquired).total_seconds() / 3600


def state_of_charge(
    table: pd.DataFrame, *, capacity_ah: float | None = None, start: float | None = None
) -> NDArray[np.float64]:
    """State of charge (0 to 1) of every row.

    Parameters
    ----------
    table
        Cycling table.
    capacity_ah
        Charge between empty and full; without it the range of net charge of the whole record.
    start
        State of charge in the first row; without it 0 is where the net charge is lowest.

    Returns
    -------
    ``start + (net charge since the first row) / capacity``; NaN where no charge is known.
    """
    net = np.asarray(table.get("capacity_ah", np.nan), float)
    net = np.broadcast_to(net, len(table))
    if not np.isfinite(net).any():
        return np.full(len(table), np.nan)
    full = float(np.nanmax(net) - np.nanmin(net)) if capacity_ah is None else capacity_ah
    if not full > 0:
        return np.full(len(table), np.nan)
    since = net - (np.nanmin(net) if start is None else net[np.isfinite(net)][0])
    return np.asarray(since / full + (start or 0.0))


def cycling_at(table: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
    """Values at the times of the frames.

    Parameters
    ----------
    table
        Cycling table on the time axis of the images.
    times
        Hours, one per frame.

    Returns
    -------
    One row per frame: ``frame``, ``time_h``, ``voltage_v``, ``current_a``, ``capacity_ah`` and
    ``state_of_charge``, linear between the rows of the record, NaN outside it.
    """
    import pandas as pd

    hours = table["time_h"].to_numpy(float)
    at = _as_rows(times, "times")
    columns: dict[str, NDArray[np.float64]] = {
        name: table[name].to_numpy(float)
        for name in ("voltage_v", "current_a", "capacity_ah")
        if name in table
    }
    columns["state_of_charge"] = state_of_charge(table)
    values = {
        name: np.interp(at, hours, column, left=np.nan, right=np.nan)
        for name, column in columns.items()
    }
    return pd.DataFrame({"frame": np.arange(len(at)), "time_h": at, **values})


def _as_rows(values: ArrayLike, name: str, n: int | None = None) -> NDArray[np.float64]:
    """One number for each row, as many as there are times."""
    try:
        rows = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds no numbers ({error})", "give a list of numbers") from error
    if rows.ndim != 1 or n not in {None, len(rows)}:
        wanted = "a list" if n is None else f"one for each of the {n} times"
        raise InputError(f"{name} has the shape {rows.shape}", f"give {wanted}")
    return rows


def _numbers(values: ArrayLike | None, n: int) -> NDArray[np.int64]:
    if values is None:
        return np.zeros(n, np.int64)
    numbers = np.nan_to_num(np.asarray(values, float))
    return np.asarray(numbers, np.int64)

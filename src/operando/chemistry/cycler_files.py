"""Cycling records as cyclers and their programs write them."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from operando.chemistry.current_sign import positive_on
from operando.chemistry.cycler_columns import recognise, without_unit
from operando.chemistry.cycler_galvani import read_mpr, read_res
from operando.chemistry.cycler_text import read_text
from operando.chemistry.cycler_times import read_times, to_numbers
from operando.chemistry.cycling import STARTED, charge, cycling_table
from operando.errors import FileError, InputError, OperandoError, as_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from operando.chemistry.cycler_columns import Meant
    from operando.chemistry.cycler_times import Times

CYCLER_ENDINGS = (
    *(".csv", ".txt", ".tsv", ".dat", ".bdf", ".mpt"),
    *(".xlsx", ".parquet", ".nda", ".ndax", ".mpr", ".res"),
)
"""Files that `read_cycling` knows, some with an optional library."""
MOST_LOST = 0.1
"""Share of the rows that may be left out as they have no time."""
MOST_BETWEEN = 5
"""Usual steps between the last row of a sheet and the first one of the next, of one record."""
TOLD = "told"
"""Key of `DataFrame.attrs`: what a reader assumed."""
LEAST_DISTINCT = 0.5
"""Share of the dates that differ, of those that tell the time of every row."""
FAULTS = (
    *(ArithmeticError, AttributeError, BadZipFile, ImportError, LookupError, OSError),
    *(RuntimeError, TypeError, ValueError),
)


def read_cycling(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a cycling record as a table in fixed units.

    BDF, CSV and other text of any cycler (columns are known by their names and units), Excel,
    BioLogic ``.mpt``, Neware ``.nda`` and ``.ndax``; BioLogic ``.mpr`` and Arbin ``.res`` where
    the user has installed galvani, whose licence (GPL) does not let operando bring it.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    See `operando.chemistry.cycling_table`; time 0 is the first row. ``attrs["started"]`` is
    its date and time (ISO 8601), ``attrs["guessed"]`` what was assumed, as far as there is any.

    Raises
    ------
    FileError
        If it cannot be read, or has no columns of time and voltage.
    """
    file = as_path(path)
    if not file.is_file():
        raise FileError(f"{file} does not exist", "check the name")
    if file.suffix.lower() == ".zip":
        raise FileError(f"{file} is packed", "unpack it first")
    readers: dict[str, Callable[[Path], tuple[pd.DataFrame, str]]] = {
        ".xlsx": _excel, ".parquet": _parquet, ".nda": _neware, ".ndax": _neware, ".mpr": read_mpr,
        ".res": read_res,
    }  # fmt: skip
    try:
        frame, started = readers.get(file.suffix.lower(), read_text)(file)
        return _unified(frame, started, file)
    except OperandoError:
        raise
    except FAULTS as error:
        detail = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise FileError(
            f"{file} is no cycling record that can be read ({detail})",
            "export it as CSV with columns of time, voltage and current",
        ) from error


def _unified(frame: pd.DataFrame, started: str, path: Path) -> pd.DataFrame:
    import pandas as pd

    known = recognise([str(name) for name in frame.columns])
    missing = [quantity for quantity in ("time", "voltage") if quantity not in known]
    if missing:
        names = ", ".join(map(str, frame.columns[:12]))
        raise FileError(
            f"{path} has no column of {' and '.join(missing)} ({names})",
            'name them with their units, such as "time / h" and "voltage / V"',
        )
    named = known.pop("time")
    clock, times = _clock(frame, named)
    told = [frame.attrs[TOLD]] if TOLD in frame.attrs else []
    if (order := times.order) is not None:
        frame = frame.iloc[order].reset_index(drop=True)
        times = read_times(frame[clock.name], clock)
        told.append(f"rows are sorted by {clock.name}")
    values = {q: to_numbers(frame[m.name]) * m.factor for q, m in known.items()}
    _check_times(times, np.isfinite(values["voltage"]), path)
    guesses = [*([times.guessed] if times.guessed else []), *told, *times.jumps(clock.name)]
    guesses += [
        f"{m.name} in {m.guessed}"
        for q, m in known.items()
        if m.guessed and np.isfinite(values[q]).any()
    ]
    if "current" not in known:
        guesses += [
            f"{name} is left out, as its unit is not known"
            for name in without_unit([str(name) for name in frame.columns], "current")
        ]
    guesses += _mend_signs(times.running, values, known)
    net = _net_charge(values)
    if net is None and clock != named and "current" in values:
        # The cycler's own time stands still in a pause, when no current flows.
        own = pd.Series(read_times(frame[named.name], named).running).ffill().bfill()
        net = charge(np.asarray(own, float), values["current"])
    try:
        table = cycling_table(
            _since_first(times.running),
            values["voltage"],
            values.get("current"),
            net,
            values.get("step"),
            values.get("cycle"),
        )
    except InputError as error:
        raise FileError(f"{path}: {error.what}", error.advice) from error
    table.attrs |= {"source": path.name}
    if begun := _first_row(times, started):
        table.attrs[STARTED] = begun
    if guesses:
        table.attrs["guessed"] = ", ".join(guesses)
    return table


def _check_times(times: Times, rows: NDArray[np.bool_], path: Path) -> None:
    """Refuse a record of which many rows would be left out as their time cannot be read."""
    lost = int((rows & ~np.isfinite(times.hours)).sum())
    if lost > MOST_LOST * rows.sum():
        raise FileError(
            f"{path}: the time of {lost} of {int(rows.sum())} rows cannot be read",
            "write all times alike, in hours or such as 2024-04-03 10:00:00",
        )


def _clock(frame: pd.DataFrame, first: Meant) -> tuple[Meant, Times]:
    """Read the times of the rows; where they start again, from dates that go on, if there are."""
    times = read_times(frame[first.name], first)
    others = recognise([str(name) for name in frame.columns if name != first.name])
    if not times.starts_again or "time" not in others:
        return first, times
    other = read_times(frame[others["time"].name], others["time"])
    known = other.hours[np.isfinite(times.hours)]
    fine = len(np.unique(known)) > LEAST_DISTINCT * len(known)
    goes_on = other.is_clock and fine and bool((np.diff(known) >= 0).all())
    return (others["time"], other) if goes_on else (first, times)


def _first_row(times: Times, zero: str) -> str:
    """Date of the first row, of times that are dates or of the date at which they were 0."""
    if times.first is not None:
        return times.first.isoformat()
    known = times.hours[np.isfinite(times.hours)]
    if not zero or not known.size:
        return zero
    return (datetime.fromisoformat(zero) + timedelta(hours=float(known[0]))).isoformat()


def _mend_signs(
    hours: NDArray[np.float64], values: dict[str, NDArray[np.float64]], known: dict[str, Meant]
) -> list[str]:
    """Turn or leave out what has not the sign of charging, and say so."""
    if "current" in values:
        name = known["current"].name
        sign = positive_on(hours, values["voltage"], values["current"])
        if sign == "discharge":
            values["current"] = -values["current"]
            return [f"{name} is positive on discharge, as the voltage falls with it"]
        if sign == "none":
            del values["current"], known["current"]
            values.pop("plain", None)
            return [f"{name} is left out, as it has no sign: the voltage rises and falls with it"]
    elif "plain" in values and not {"capacity", "charged"} & values.keys():
        name, counts = known["plain"].name, values["plain"]
        counts = counts[np.isfinite(counts)]
        if counts.size and np.abs(np.diff(counts)).max(initial=0) > 0.5 * np.ptp(counts) > 0:
            del values["plain"]
            return [f"{name} is left out, as it starts again and has no sign"]
        return [f"{name} is the net charge"]
    return []


def _since_first(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the first value that is known."""
    known = values[np.isfinite(values)]
    return np.asarray(values - known[0]) if known.size else values


def _net_charge(values: dict[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Net charge since the first row (Ah), from counters that may start again with every step."""
    if "capacity" in values and np.isfinite(values["capacity"]).any():
        return _since_first(values["capacity"])
    if {"charged", "discharged"} <= values.keys():
        return _counted(values["charged"]) - _counted(values["discharged"])
    if "plain" in values and "current" not in values:
        return _since_first(values["plain"])
    return None


def _counted(counter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of all rises of a counter, whose sign is that of convention only.

    Where it is blank, it stands still.
    """
    import pandas as pd

    counts = np.abs(pd.Series(counter).ffill().bfill().fillna(0).to_numpy(float))
    before = np.concatenate([counts[:1], counts[:-1]])
    # Where it starts again, it has risen from 0.
    return np.cumsum(np.where(counts < 0.5 * before, counts, counts - before))


def _excel(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    try:
        sheets = pd.read_excel(path, sheet_name=None, engine="openpyxl")
    except ImportError as error:
        raise FileError(
            "Excel files need the Python package openpyxl, which is not installed",
            "run: pip install 'napari-operando[formats]'",
        ) from error
    fits = {
        name: sheet
        for name, sheet in sheets.items()
        if {"time", "voltage"} <= recognise(list(map(str, sheet))).keys()
    }
    longest = max(fits or sheets, key=lambda name: len(sheets[name]))
    parts = {n: s for n, s in fits.items() if list(s) == list(sheets[longest])}
    if len(parts) < 2:
        return sheets[longest], ""
    if _go_on(list(parts.values())):
        return pd.concat(parts.values(), ignore_index=True), ""
    frame = sheets[longest].copy()
    frame.attrs[TOLD] = f"sheet {longest!r} is the record, of {', '.join(map(str, parts))}"
    return frame, ""


def _go_on(sheets: Sequence[pd.DataFrame]) -> bool:
    """Whether each of some sheets goes on in time where the one before ends."""
    import pandas as pd

    clock = recognise(list(map(str, sheets[0])))["time"]
    hours = read_times(pd.concat(sheets, ignore_index=True)[clock.name], clock).hours
    steps = np.diff(hours)
    borders = steps[np.cumsum([len(sheet) for sheet in sheets])[:-1] - 1]
    rising = steps[steps > 0]
    usual = np.median(rising) if rising.size else 0.0
    return bool(((borders > 0) & (borders <= MOST_BETWEEN * usual)).all())


def _parquet(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    return pd.read_parquet(path), ""


def _neware(path: Path) -> tuple[pd.DataFrame, str]:
    try:
        import NewareNDA
    except ImportError as error:
        raise FileError(
            "Neware files need the Python package NewareNDA, which is not installed",
            "run: pip install 'napari-operando[formats]'",
        ) from error
    with warnings.catch_warnings():
        # It warns of pandas 4.
        warnings.simplefilter("ignore")
        frame = NewareNDA.read(str(path), software_cycle_number=False, log_level="ERROR")
    moments = frame["Timestamp"]
    # Its column Time starts again with every step.
    hours = (moments - moments.iloc[0]).dt.total_seconds() / 3600
    frame = frame.drop(columns=["Time"]).assign(**{"Total Time/h": hours})
    frame = frame.rename(columns={"Voltage": "Voltage/V"})
    # Old files count cycles from 0.
    frame["Cycle"] += 1 - frame["Cycle"].min()
    return frame, str(moments.iloc[0].isoformat())

"""Cycling records as cyclers and their programs write them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from operando.chemistry.cycler_columns import recognise
from operando.chemistry.cycler_galvani import read_mpr, read_res
from operando.chemistry.cycler_text import read_text
from operando.chemistry.cycling import STARTED, cycling_table
from operando.errors import FileError, InputError, OperandoError

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    import pandas as pd
    from numpy.typing import NDArray

CYCLER_ENDINGS = (
    *(".csv", ".txt", ".tsv", ".dat", ".bdf", ".mpt"),
    *(".xlsx", ".parquet", ".nda", ".ndax", ".mpr", ".res"),
)
"""Files that `read_cycling` knows, some with an optional library."""
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
    file = Path(path).expanduser()
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
    known = recognise([str(name) for name in frame.columns])
    missing = [quantity for quantity in ("time", "voltage") if quantity not in known]
    if missing:
        names = ", ".join(map(str, frame.columns[:12]))
        raise FileError(
            f"{path} has no column of {' and '.join(missing)} ({names})",
            'name them with their units, such as "time / h" and "voltage / V"',
        )
    values = {q: _values(frame[m.name], q) * m.factor for q, m in known.items()}
    time_h = _running(values["time"] if _is_number(frame[known["time"].name]) else
                      _values(frame[known["time"].name], "time"))  # fmt: skip
    try:
        table = cycling_table(
            _since_first(time_h),
            values["voltage"],
            values.get("current"),
            _net_charge(values),
            values.get("step"),
            values.get("cycle"),
        )
    except InputError as error:
        raise FileError(f"{path}: {error.what}", error.advice) from error
    guesses = [
        f"{m.name} in {m.guessed}"
        for m in known.values()
        if m.guessed and _is_number(frame[m.name])
    ]
    table.attrs |= {"source": path.name}
    if started:
        table.attrs[STARTED] = started
    if guesses:
        table.attrs["guessed"] = ", ".join(guesses)
    return table


def _values(column: pd.Series, quantity: str) -> NDArray[np.float64]:
    """Numbers of a column; times may also be written as 1d 02:03:04 (then hours)."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if quantity == "time" and not np.isfinite(numbers.to_numpy(float)).any():
        text = column.astype(str).str.replace(r"^(\d+)d\s*", r"\1 days ", regex=True)
        spans = pd.to_timedelta(text, errors="coerce")
        if spans.isna().all():
            with warnings.catch_warnings():
                # That no format fits the first row is told below, as a missing time.
                warnings.simplefilter("ignore", UserWarning)
                moments = pd.to_datetime(column, errors="coerce")
            spans = moments - moments.dropna().iloc[0] if moments.notna().any() else spans
        return np.asarray(spans.dt.total_seconds().to_numpy(float) / 3600)
    return np.asarray(numbers.to_numpy(float))


def _since_first(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the first value that is known."""
    known = values[np.isfinite(values)]
    return np.asarray(values - known[0]) if known.size else values


def _is_number(column: pd.Series) -> bool:
    import pandas as pd

    return bool(np.isfinite(pd.to_numeric(column, errors="coerce").to_numpy(float)).any())


def _running(time_h: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time that goes on where that of the file starts again with every step."""
    known = np.isfinite(time_h)
    steps = np.diff(time_h[known], prepend=time_h[known][:1])
    if not (steps < 0).any():
        return time_h
    running = time_h.copy()
    running[known] += np.cumsum(np.where(steps < 0, -steps, 0.0))
    return running


def _net_charge(values: dict[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Net charge since the first row (Ah), from counters that may start again with every step."""
    if "capacity" in values and np.isfinite(values["capacity"]).any():
        return _since_first(values["capacity"])
    if {"charged", "discharged"} <= values.keys():
        return _counted(values["charged"]) - _counted(values["discharged"])
    if "plain" in values and "current" not in values:
        return np.asarray(values["plain"] - values["plain"][0])
    return None


def _counted(counter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of all rises of a counter, whose sign is that of convention only."""
    counts = np.abs(np.nan_to_num(counter))
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
    fits = [
        s for s in sheets.values() if {"time", "voltage"} <= recognise(list(map(str, s))).keys()
    ]
    return max(fits or sheets.values(), key=len), ""


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

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from operando.chemistry.cycler_columns import Meant
from operando.chemistry.cycler_times import Times, read_times

MINUTES = Meant("Time", 1 / 60)


@pytest.mark.parametrize(
    "written", ["%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d-%m-%y %H:%M", "%d.%m.%Y %I:%M:%S %p"]
)
@pytest.mark.parametrize(
    ("start", "step", "rows"),
    [("2024-04-03 10:00", "24h", 14), ("2024-04-03 23:00", "30min", 100), ("2024-04-11", "6h", 9)],
)
def test_dates_with_the_day_first(written: str, start: str, step: str, rows: int) -> None:
    moments = pd.Series(pd.date_range(start, periods=rows, freq=step))
    times = read_times(moments.dt.strftime(written), MINUTES)
    expected = np.arange(rows) * pd.Timedelta(step).total_seconds() / 3600
    np.testing.assert_allclose(times.hours, expected)
    assert times.guessed == "Time with the day first"


@pytest.mark.parametrize("written", ["%m/%d/%Y %H:%M:%S", "%m-%d-%Y %I:%M:%S %p"])
def test_dates_with_the_month_first(written: str) -> None:
    moments = pd.Series(pd.date_range("2024-04-03 10:00", periods=60, freq="12h"))
    times = read_times(moments.dt.strftime(written), MINUTES)
    np.testing.assert_allclose(times.hours, 12.0 * np.arange(60))
    assert times.guessed == "Time with the month first"


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-05-01 10:00:00", "2024-05-01 10:30:00.5", "2024-05-02 10:00:00"],
        ["2024-10-27T01:00:00+02:00", "2024-10-27T01:30:00.5+02:00", "2024-10-28T00:00:00+01:00"],
        ["01-May-2024 10:00:00", "01-May-2024 10:30:00.5", "02-May-2024 10:00:00"],
        ["2024/05/01 10:00:00", "2024/05/01 10:30:00.5", "2024/05/02 10:00:00"],
        ["13.05.2024 10:00:00", "13.05.2024 10:30:00.5", "14.05.2024 10:00:00"],
    ],
)
def test_dates_that_can_be_read_in_one_way_only_are_no_guess(cells: list[str]) -> None:
    times = read_times(pd.Series(cells), MINUTES)
    np.testing.assert_allclose(times.hours, [0, 0.5 + 0.5 / 3600, 24])
    assert times.guessed == ""


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["30.04.2024 10:00:00", "30.04.2024 10:30:00.5", "01.05.2024 10:00:00.0"], "day"),
        (["04/30/2024 10:00:00", "04/30/2024 10:30:00.5", "05/01/2024 10:00:00.0"], "month"),
    ],
)
def test_rows_with_fractions_of_a_second_are_dates_too(cells: list[str], first: str) -> None:
    times = read_times(pd.Series(cells), MINUTES)
    np.testing.assert_allclose(times.hours, [0, 0.5 + 0.5 / 3600, 24])
    assert times.guessed == f"Time with the {first} first"


def test_units_count_for_numbers_only() -> None:
    np.testing.assert_allclose(read_times(pd.Series([0, 30.0]), MINUTES).hours, [0, 0.5])
    for cells in (
        pd.to_timedelta(["0h", "30h"]),
        pd.to_datetime(["2024-04-03 00:00", "2024-04-04 06:00"]),
        pd.to_datetime(["2024-04-03 00:00", "2024-04-04 06:00"]).tz_localize("Europe/Berlin"),
        ["0:00:00", "30:00:00"],
        [datetime.time(0), datetime.datetime(1900, 1, 1, 6)],
    ):
        np.testing.assert_allclose(read_times(pd.Series(cells), MINUTES).hours, [0, 30])


def test_digits_that_are_no_number_are_no_times() -> None:
    assert np.isnan(read_times(pd.Series(["1,000", "2,000"]), MINUTES).hours).all()


def test_steps_that_begin_after_their_first_interval_lose_no_time() -> None:
    steps = np.tile(np.arange(1, 6), 6) / 60.0
    np.testing.assert_allclose(Times(steps).running, np.arange(1, 31) / 60)
    blank = steps.copy()
    blank[[4, 5]] = np.nan
    running = Times(blank).running
    np.testing.assert_allclose(running[[0, 3, 6, 29]], np.array([1, 4, 6, 29]) / 60)


def test_a_clock_that_was_set_back_goes_on_from_then() -> None:
    hours = np.array([0, 1, 0.2, 1.2])
    np.testing.assert_allclose(Times(hours, is_clock=True).running, [0, 1, 1, 2])
    # A total time that falls a little has not started again.
    np.testing.assert_allclose(Times(np.array([0, 9, 8.9, 10])).running, [0, 9, 9, 10.1])


def test_the_time_of_day_goes_on_after_midnight() -> None:
    hours = np.arange(0, 60, 0.25)
    np.testing.assert_allclose(Times((20 + hours) % 24).running - 20, hours)
    assert Times((20 + hours) % 24).order is None


def test_a_clock_that_was_set_to_winter_time_loses_no_time() -> None:
    moments = pd.date_range("2024-10-26 20:00", periods=600, freq="1min", tz="Europe/Berlin")
    times = read_times(pd.Series(moments.tz_localize(None)), MINUTES)
    np.testing.assert_allclose(times.running, np.arange(600) / 60)
    assert times.order is None
    assert times.jumps("Date")[0].startswith("Date goes back by up to 0.983 h (1 ×)")


def test_a_clock_that_was_set_to_summer_time_is_told() -> None:
    moments = pd.date_range("2024-03-30 20:00", periods=600, freq="1min", tz="Europe/Berlin")
    (said,) = read_times(pd.Series(moments.tz_localize(None)), MINUTES).jumps("Date")
    assert "jumps an hour ahead after 2024-03-31 01:59" in said
    assert not read_times(pd.Series(moments), MINUTES).jumps("Date")

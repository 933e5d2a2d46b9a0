from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.chemistry import (
    CYCLING_COLUMNS,
    cycling_at,
    cycling_table,
    offset_from_dates,
    shift_cycling,
    state_of_charge,
)
from operando.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HOURS = np.linspace(0, 10, 1001)


@pytest.fixture
def cycle() -> pd.DataFrame:
    """Five hours of charge at 0.2 A, five of discharge at 0.1 A."""
    current = np.where(HOURS <= 5, 0.2, -0.1)
    return cycling_table(HOURS, 3 + 0.1 * HOURS, current, cycle=HOURS // 5)


def test_columns_are_those_that_are_described(cycle: pd.DataFrame) -> None:
    assert list(cycle) == [column.name for column in CYCLING_COLUMNS]


def test_charge_is_the_integral_of_the_current(cycle: pd.DataFrame) -> None:
    at = cycling_at(cycle, (0, 5, 10))
    # The one row where the sign changes is a trapezoid between 0.2 and -0.1 A.
    assert at["capacity_ah"].tolist() == pytest.approx([0, 1, 0.5], abs=0.002)


def test_current_is_the_slope_of_the_charge() -> None:
    table = cycling_table([0, 1, 2, 4], [3, 3, 3, 3], capacity_ah=[0, 0.5, 0.5, -0.5])
    assert table["current_a"].tolist() == [0, 0.5, 0, -0.5]


def test_state_of_charge_as_defined(cycle: pd.DataFrame) -> None:
    relative = state_of_charge(cycle)
    assert (relative.min(), relative.max()) == (0, 1)
    absolute = state_of_charge(cycle, capacity_ah=2.0, start=0.25)
    assert absolute[500] == pytest.approx(0.25 + 0.5)
    assert absolute[-1] == pytest.approx(0.25 + 0.25, abs=0.001)


def test_a_record_that_begins_full_is_empty_where_the_net_charge_is_lowest() -> None:
    """Five hours of discharge at 0.2 A, five of charge at 0.1 A: 1, then 0, then a half."""
    record = cycling_table(HOURS, 4 - 0.1 * HOURS, np.where(HOURS <= 5, -0.2, 0.1))
    relative = state_of_charge(record)
    assert relative[[0, 500, -1]] == pytest.approx([1, 0, 0.5], abs=0.002)
    absolute = state_of_charge(record, capacity_ah=2.0, start=0.9)
    assert absolute[[0, 500, -1]] == pytest.approx([0.9, 0.4, 0.65], abs=0.002)


def test_a_cell_at_rest_has_no_relative_state_of_charge() -> None:
    at_rest = cycling_table([0, 1, 2], [3, 3, 3], [0, 0, 0])
    assert np.isnan(state_of_charge(at_rest)).all()


def test_without_charge_there_is_no_state_of_charge() -> None:
    table = cycling_table([0, 1, 2], [3, 3.1, 3.2])
    assert np.isnan(state_of_charge(table)).all()
    assert np.isnan(cycling_at(table, (0.5,))["state_of_charge"][0])


def test_frames_outside_the_record_have_no_values(cycle: pd.DataFrame) -> None:
    at = cycling_at(cycle, (-1, 2.5, 11))
    assert at["voltage_v"].isna().tolist() == [True, False, True]
    assert at["voltage_v"][1] == pytest.approx(3.25)


def test_an_offset_replaces_the_one_before(cycle: pd.DataFrame) -> None:
    once = shift_cycling(cycle, 2.0)
    twice = shift_cycling(once, -1.5)
    assert once["time_h"].iloc[0] == 2.0
    assert np.allclose(twice["time_h"], HOURS - 1.5)
    assert twice.attrs["offset_h"] == -1.5
    assert cycle["time_h"].iloc[0] == 0
    with pytest.raises(InputError, match="offset of nan"):
        shift_cycling(cycle, float("nan"))


def test_the_offset_is_kept_on_disk(cycle: pd.DataFrame, tmp_path: Path) -> None:
    shift_cycling(cycle, 2.0).to_parquet(tmp_path / "cycling.parquet")
    again = pd.read_parquet(tmp_path / "cycling.parquet")
    assert shift_cycling(again, 0)["time_h"].iloc[0] == 0


def test_rows_without_values_are_left_out() -> None:
    table = cycling_table([2, 0, np.nan, 1], [3.2, 3.0, 3, np.nan])
    assert table["time_h"].tolist() == [0, 2]
    with pytest.raises(InputError, match="has 1 rows"):
        cycling_table([0, 1], [3.0, np.nan])


def test_dates_tell_where_a_record_begins(cycle: pd.DataFrame) -> None:
    scan = datetime(2024, 5, 29, 12, 0)
    cycle.attrs["started"] = "2024-05-29T10:30:00"
    assert offset_from_dates(cycle, scan) == -1.5
    assert offset_from_dates(cycle, scan, time_h=5.0) == 3.5
    assert offset_from_dates(cycle, None) is None
    cycle.attrs["started"] = "2024-05-29T10:30:00+02:00"
    assert offset_from_dates(cycle, scan) is None
    assert offset_from_dates(cycle, scan.replace(tzinfo=UTC)) == -3.5
    del cycle.attrs["started"]
    assert offset_from_dates(cycle, scan) is None


def test_the_charge_may_begin_later_than_the_record() -> None:
    table = cycling_table([0, 1, 2, 3], [3, 3, 3.5, 4], capacity_ah=[np.nan, 0, 1, 2])
    soc = state_of_charge(table, capacity_ah=4, start=0.25)
    np.testing.assert_allclose(soc, [np.nan, 0.25, 0.5, 0.75])

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.chemistry import cycling_at, read_cycling
from operando.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BDF = (
    "Test Time / s,Voltage / V,Current / A,Cycle Count / 1\n"
    "0,3,0.1,1\n1800,3.5,0.1,1\n3600,4,0.1,2\n"
)


def test_bdf(tmp_path: Path) -> None:
    path = tmp_path / "cell.bdf.csv"
    path.write_text(BDF)
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 0.5, 1]
    assert table["voltage_v"].tolist() == [3, 3.5, 4]
    assert table["capacity_ah"].tolist() == pytest.approx([0, 0.05, 0.1])
    assert table["cycle"].tolist() == [1, 1, 2]
    assert "guessed" not in table.attrs


def test_a_header_of_text_decimal_commas_and_latin_letters(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    text = (
        "Gerät: Prüfstand 3\nZelle;17\n\nZeit;Spannung\n"
        "time / min;U / mV;I / µA\n10,5;3100,5;-20\n40,5;3000,5;-20\n"
    )
    path.write_bytes(text.encode("latin-1"))
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 0.5]
    assert table["voltage_v"].tolist() == pytest.approx([3.1005, 3.0005])
    assert table["current_a"].tolist() == pytest.approx([-2e-5, -2e-5])


def test_excel_takes_the_sheet_with_a_curve(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "cell.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"setting": range(50)}).to_excel(writer, sheet_name="Info", index=False)
        curve = pd.DataFrame({"Time(h)": [0, 1, 2], "Voltage(V)": [3, 3.5, 4]})
        curve.to_excel(writer, sheet_name="Record", index=False)
    assert read_cycling(path)["voltage_v"].tolist() == [3, 3.5, 4]


def test_clock_times_and_counters_that_start_again(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(
        "Total Time,Voltage(V),Charge Capacity(mAh),Discharge Capacity(mAh)\n"
        "0:00:00,3,0,0\n1:00:00,4,10,0\n1d 02:00:00,3.9,0,2\n1d 03:00:00,3.0,0,9\n"
        "1d 04:00:00,3.2,4,0\n"
    )
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 1, 26, 27, 28]
    assert table["capacity_ah"].tolist() == pytest.approx([0, 0.010, 0.008, 0.001, 0.005])


def test_dates_are_times_and_an_empty_column_of_charge_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(
        "DateTime,Voltage(V),Current(A),Net Capacity(Ah)\n"
        "2024-02-29 23:00:00,3,0.1,\n2024-03-01 00:30:00,4,0.1,\n"
    )
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 1.5]
    assert table["capacity_ah"].tolist() == pytest.approx([0, 0.15])
    assert "guessed" not in table.attrs


def test_times_of_single_steps_are_strung_together(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text("time/h,voltage/V\n0,3\n1,3.1\n0,3.2\n2,3.3\n")
    assert read_cycling(path)["time_h"].tolist() == [0, 1, 1, 3]


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
@pytest.mark.parametrize("time", ["DateTime", "Total Time"])
def test_cells_of_dates_and_of_durations_are_hours(tmp_path: Path, ending: str, time: str) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / f"cell.{ending}"
    spans = pd.to_timedelta([0, 0.5, 23, 25, 30.5], unit="h")
    cells = pd.Timestamp("2024-04-03 10:00") + spans if time == "DateTime" else spans
    record = pd.DataFrame({time: cells, "Voltage(V)": 3.0, "Current(A)": 0.1})
    if ending == "xlsx":
        with pd.ExcelWriter(path, engine="openpyxl") as writer:
            record.to_excel(writer, index=False)
            for cell in writer.sheets["Sheet1"]["A"][1:]:
                cell.number_format = "[h]:mm:ss" if time == "Total Time" else cell.number_format
    else:
        record.to_parquet(path)
    table = read_cycling(path)
    assert table["time_h"].tolist() == pytest.approx([0, 0.5, 23, 25, 30.5])
    assert table["capacity_ah"].iloc[-1] == pytest.approx(3.05)
    assert "guessed" not in table.attrs


def test_the_choice_between_day_and_month_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(
        "DateTime;Voltage;Current (A)\n03.04.2024 22:00:00;3,0;0,1\n04.04.2024 01:30:00;3,1;0,1\n"
    )
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 3.5]
    assert table.attrs["guessed"] == "DateTime with the day first, Voltage in V"


def test_times_that_cannot_be_read_are_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    lines = [f"2024-04-03 {k:02}:00:00,3,0.1" for k in range(20)]
    path.write_text("\n".join(["DateTime,Voltage(V),Current(A)", *lines, ",3,0.1"]))
    assert len(read_cycling(path)) == 20
    lines[3:8] = ["after lunch,3,0.1"] * 5
    path.write_text("\n".join(["DateTime,Voltage(V),Current(A)", *lines]))
    with pytest.raises(FileError, match=r"the time of 5 of 20 rows cannot be read; write all"):
        read_cycling(path)


@pytest.mark.parametrize(
    ("name", "cells", "net"),
    [
        ("Charge Capacity (Ah)", ["0", "0.5", "", "1.0", "", "1.5"], [0, 0.5, 0.5, 1, 1, 1.5]),
        ("Charge Capacity (Ah)", ["", "0.5", "1.0", "", "0.2", "0.3"], [0, 0, 0.5, 0.5, 0.7, 0.8]),
        ("Capacity (Ah)", ["", "2.0", "2.5", "", "3.0", "3.5"], [np.nan, 0, 0.5, np.nan, 1, 1.5]),
    ],
)
def test_blank_cells_of_a_counter_count_nothing(
    tmp_path: Path, name: str, cells: list[str], net: list[float]
) -> None:
    path = tmp_path / "cell.csv"
    rows = [f"{k},3,{cell},0" for k, cell in enumerate(cells)]
    path.write_text("\n".join([f"time/h,voltage/V,{name},Discharge Capacity (Ah)", *rows]))
    assert read_cycling(path)["capacity_ah"].tolist() == pytest.approx(net, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.csv", "a,b\n1,2\n", "names columns of time and voltage"),
        ("a.csv", BDF.splitlines()[0], "has 0 rows"),
        ("a.csv", "time/h,voltage/V\nx,y\nz,w\n", "has 0 rows"),
        ("a.csv", "", "names columns"),
        ("a.csv", "\0\1\2", "is no text"),
        ("a.ndax", "no archive", "no cycling record|NewareNDA"),
        ("a.xlsx", "no archive", "no cycling record|openpyxl"),
        ("a.nda.zip", "", "unpack it first"),
        ("a.mpr", "", "galvani|no cycling record"),
        ("a.res", "", "galvani|no cycling record"),
    ],
)
def test_what_is_no_record_gets_one_sentence(
    tmp_path: Path, name: str, content: str, word: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(FileError, match=word) as caught:
        read_cycling(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "rows", "hours"),
    [("cp", 121, 0.0331), ("ocv", 602, 10), ("gcpl.issue_226.CxN", 15, 0.033)],
)
def test_biologic_text(shared_data: Path, name: str, rows: int, hours: float) -> None:
    table = read_cycling(shared_data / "cycling" / "biologic" / f"{name}.mpt")
    assert len(table) == rows
    assert table["time_h"].iloc[-1] == pytest.approx(hours, abs=1e-4)
    assert np.isfinite(table["voltage_v"]).all()


def test_biologic_with_decimal_commas(shared_data: Path) -> None:
    table = read_cycling(shared_data / "cycling" / "biologic" / "gcpl.issue_149.mpt")
    # The first row of the file reads 3,4228721E+000 V.
    assert table["voltage_v"].iloc[0] == 3.4228721
    # Acquisition started half a minute before this technique, whose start the file tells as well.
    assert table.attrs["started"].startswith("2024-01-10T11:03:00.03")


def test_mean_current_is_what_the_cycler_says(shared_data: Path) -> None:
    path = shared_data / "cycling" / "biologic" / "gcpl.issue_226.CxN.mpt"
    from operando.chemistry import cycling_table

    table = read_cycling(path)
    derived = cycling_table(table["time_h"], table["voltage_v"], capacity_ah=table["capacity_ah"])
    inside = (table["step"] == table["step"].shift()).to_numpy()
    assert derived["current_a"][inside].to_numpy() == pytest.approx(
        table["current_a"][inside].to_numpy(), abs=5e-6
    )


@pytest.mark.parametrize("name", ["nw4-120-1-6-53.ndax", "2-1-6_61_07005012.nda"])
def test_neware_agrees_with_another_reader(shared_data: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("NewareNDA")
    folder = shared_data / "cycling" / "neware"
    path = folder / name
    if not path.exists():
        with zipfile.ZipFile(folder / f"{name}.zip") as archive:
            archive.extractall(tmp_path)
        path = next(tmp_path.rglob(name))
    table = read_cycling(path)
    other = pd.read_parquet(folder / f"{path.stem}.parquet")
    assert len(table) == len(other)
    assert np.allclose(table["voltage_v"], other["Voltage(mV)"] / 1000, atol=1e-4)
    assert np.allclose(table["current_a"], other["Current(uA)"] / 1e6, atol=1e-5)
    assert table["cycle"].tolist() == other["Cycle Index"].tolist()
    if path.suffix == ".nda":
        # One step of pulses; its charge is the last value of the counter.
        expected = other["Capacity(mAs)"].iloc[-1] / 3.6e6
        assert table["capacity_ah"].iloc[-1] == pytest.approx(expected, rel=1e-3)


def test_every_shared_record_is_read_or_refused(shared_data: Path) -> None:
    read, refused = 0, 0
    for path in (shared_data / "cycling").rglob("*"):
        if not path.is_file():
            continue
        try:
            table = read_cycling(path)
        except FileError:
            refused += 1
        else:
            assert (np.diff(table["time_h"]) >= 0).all()
            read += 1
    assert read >= 5
    assert refused >= 1


CURVE = [(t, 3.5 + 0.5 * q + 0.05 * i, i) for t, q, i in zip(
    range(0, 7260, 60),
    [*(k / 60 for k in range(60)), 1, *(1 - k / 60 for k in range(60))],
    [*[1.0] * 60, 0.0, *[-1.0] * 60],
    strict=True,
)]  # fmt: skip
"""Seconds, volts and amperes of an hour of charge and one of discharge."""


def write_curve(path: Path, name: str = "Current/A", sign: str = "right") -> Path:
    turned = {"right": float, "reversed": lambda i: -i, "none": abs}[sign]
    rows = [f"{t},{v:.4f},{turned(i)}" for t, v, i in CURVE]
    path.write_text(f"Time/s,Voltage/V,{name}\n" + "\n".join(rows))
    return path


def test_a_current_that_is_positive_on_discharge_is_turned_and_told(tmp_path: Path) -> None:
    right = read_cycling(write_curve(tmp_path / "right.csv"))
    turned = read_cycling(write_curve(tmp_path / "turned.csv", sign="reversed"))
    assert "guessed" not in right.attrs
    assert "Current/A is positive on discharge" in turned.attrs["guessed"]
    for name in ("current_a", "capacity_ah"):
        assert turned[name].tolist() == pytest.approx(right[name].tolist())


def test_a_current_without_a_sign_makes_no_net_charge(tmp_path: Path) -> None:
    table = read_cycling(write_curve(tmp_path / "cell.csv", sign="none"))
    assert table[["current_a", "capacity_ah"]].isna().all(axis=None)
    assert "Current/A is left out, as it has no sign" in table.attrs["guessed"]


def test_a_capacity_that_starts_again_is_no_net_charge(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text(
        "Time/s,Voltage/V,Capacity/mAh\n0,3,0\n60,3.5,1\n120,4,2\n180,3.9,0\n240,3.4,1\n"
    )
    table = read_cycling(path)
    assert table["capacity_ah"].isna().all()
    assert "Capacity/mAh is left out" in table.attrs["guessed"]


def test_the_newest_row_may_come_first(tmp_path: Path) -> None:
    path = write_curve(tmp_path / "cell.csv")
    expected = read_cycling(path)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *rows[::-1]]))
    pd.testing.assert_frame_equal(read_cycling(path), expected)


def test_dates_tell_when_a_record_started(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text("DateTime,Voltage(V)\n2024-02-29 23:00:00,3\n2024-03-01 00:30:00,4\n")
    assert read_cycling(path).attrs["started"] == "2024-02-29T23:00:00"
    path.write_text(
        "DateTime,Voltage(V)\n2024-10-27T01:30:00+02:00,3\n2024-10-27T02:30:00+01:00,4\n"
    )
    table = read_cycling(path)
    assert table["time_h"].tolist() == [0, 2]
    assert table.attrs["started"] == "2024-10-26T23:30:00+00:00"


@pytest.mark.parametrize(
    ("separator", "cells"),
    [
        (";", ["999.5", "1,000.5", "12,345,678.5"]),
        (",", ['"999.5"', '"1,000.5"', '"12,345,678.5"']),
        (";", ["999,5", "1.000,5", "12.345.678,5"]),
        (";", ["999.5", "1'000.5", "12'345'678.5"]),
        (",", ['"999,5"', '"1000,5"', '"12345678,5"']),
    ],
)
def test_numbers_with_signs_between_thousands(
    tmp_path: Path, separator: str, cells: list[str]
) -> None:
    path = tmp_path / "cell.csv"
    rows = [f"{k}{separator}3{separator}{cell}" for k, cell in enumerate(cells)]
    path.write_text("\n".join([f"Time/h{separator}Voltage/V{separator}Current/mA", *rows]))
    assert read_cycling(path)["current_a"].tolist() == pytest.approx([0.9995, 1.0005, 12345.6785])


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("time/h", np.random.default_rng(0).permutation(600)),
        ("Date_Time", np.random.default_rng(0).permutation(600)),
        ("time/h", np.r_[300:600, :300]),
        ("Date_Time", np.r_[300:600, :300]),
        ("time/h", np.r_[:400, 380:600]),
    ],
)
def test_rows_in_another_order_are_sorted_and_told(
    tmp_path: Path, name: str, rows: NDArray[np.int_]
) -> None:
    hours = np.arange(600) / 60
    dates = (pd.Timestamp("2024-03-01 20:00") + pd.to_timedelta(hours, unit="h")).astype(str)
    frame = pd.DataFrame(
        {
            name: hours if name == "time/h" else dates,
            "voltage/V": 3 + 0.2 * np.minimum(hours, 10 - hours),
            "current/A": np.where(hours < 5, 1.0, -1.0),
        }
    )
    frame.iloc[rows].to_csv(tmp_path / "cell.csv", index=False)
    table = read_cycling(tmp_path / "cell.csv")
    at = cycling_at(table, [0.0, 2.5, 7.5])
    np.testing.assert_allclose(at["voltage_v"], [3, 3.5, 3.5], atol=1e-6)
    np.testing.assert_allclose(at["capacity_ah"], [0, 2.5, 2.5], atol=0.02)
    assert f"rows are sorted by {name}" in table.attrs["guessed"]


def test_dates_tell_of_the_pause_where_the_time_starts_again(tmp_path: Path) -> None:
    hours = np.arange(600) / 60
    frame = pd.DataFrame(
        {
            "Test Time(h)": hours % 5,
            "Date_Time": pd.Timestamp("2024-03-01 20:00")
            + pd.to_timedelta(hours + 3 * (hours >= 5), unit="h"),
            "Voltage(V)": 3 + 0.1 * hours,
            "Current(A)": 1.0,
        }
    )
    frame.to_csv(tmp_path / "cell.csv", index=False)
    table = read_cycling(tmp_path / "cell.csv")
    np.testing.assert_allclose(table["time_h"], hours + 3 * (hours >= 5), atol=1e-6)
    # In the pause no current flows.
    np.testing.assert_allclose(table["capacity_ah"], hours, atol=0.02)
    assert table.attrs["started"] == "2024-03-01T20:00:00"
    frame.drop(columns="Date_Time").to_csv(tmp_path / "cell.csv", index=False)
    told = read_cycling(tmp_path / "cell.csv").attrs["guessed"]
    assert told == "Test Time(h) starts again (1 ×) and is taken to run on"


@pytest.mark.parametrize(
    "head",
    [
        "Time [minutes],Voltage [V],Current [mA]",
        "Test Time (mins),Volts (mV),Amps (uA)",
        "Run Time (min),Potential (V),Current (nA)",
        "Time (min),WE(1).Potential (V),WE(1).Current (A)",
        "T/min,Vf/V vs. Ref.,Im/A",
    ],
)
def test_names_and_units_of_other_cyclers(tmp_path: Path, head: str) -> None:
    volts = 1e-3 if "mV" in head else 1
    amps = {"[mA]": 1e-3, "(uA)": 1e-6, "(nA)": 1e-9}.get(head.split()[-1], 1)
    path = tmp_path / "cell.csv"
    path.write_text("\n".join([head, *(f"{30 * k},{3 + k / 10},2" for k in range(5))]))
    table = read_cycling(path)
    np.testing.assert_allclose(table["time_h"], np.arange(5) / 2)
    np.testing.assert_allclose(table["voltage_v"], volts * (3 + np.arange(5) / 10))
    np.testing.assert_allclose(table["capacity_ah"], amps * np.arange(5))


def test_a_current_of_an_unknown_unit_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text("Time (h),Voltage (V),Current (mA/g)\n0,3,1\n1,4,1\n")
    table = read_cycling(path)
    assert table["current_a"].isna().all()
    assert table.attrs["guessed"] == "Current (mA/g) is left out, as its unit is not known"


@pytest.mark.parametrize("later", [25 / 60, 0.0, 24.0])
@pytest.mark.parametrize("dates", [True, False])
def test_a_record_on_several_sheets_is_read_whole_and_another_one_is_not(
    tmp_path: Path, later: float, dates: bool
) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "cell.xlsx"
    hours = np.arange(25) / 60
    with pd.ExcelWriter(path) as writer:
        for number, start in enumerate((0.0, later)):
            times = pd.to_timedelta(np.round(3600 * (hours + start)), unit="s")
            frame = pd.DataFrame(
                {
                    "Time(h)" if not dates else "DateTime": pd.Timestamp("2024-03-01") + times
                    if dates
                    else hours + start,
                    "Voltage(V)": 3 + 0.1 * (hours + start),
                }
            )
            frame.to_excel(writer, sheet_name=f"Record{number}", index=False)
    table = read_cycling(path)
    if later == 25 / 60:
        np.testing.assert_allclose(table["time_h"], np.arange(50) / 60, atol=1e-6)
        assert "guessed" not in table.attrs
    else:
        assert len(table) == 25
        told = table.attrs["guessed"]
        assert told == "sheet 'Record0' is the record, of Record0, Record1"

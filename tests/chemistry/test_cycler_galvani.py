from __future__ import annotations

import sqlite3
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.chemistry import read_cycling
from operando.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARBIN = pd.DataFrame(
    {
        "Test_ID": 1,
        "Data_Point": [2, 1, 3],
        "Test_Time": [3900.0, 300.0, 7500.0],
        "DateTime": [42587.723182, 42587.681516, 42587.764849],
        "Step_Index": [1, 1, 2],
        "Cycle_Index": 1,
        "Current": [0.1, 0.1, -0.1],
        "Voltage": [3.5, 3.0, 3.4],
        "Charge_Capacity": [0.1, 0.0, 0.1],
        "Discharge_Capacity": [0.0, 0.0, 0.1],
    }
)
"""What galvani makes of a database; its rows may come in any order."""


def pretend(monkeypatch: pytest.MonkeyPatch, convert: Callable[[str, str], None]) -> None:
    """Put something in place of galvani, whose licence keeps it out of the tests."""
    module = ModuleType("galvani.res2sqlite")
    module.convert_arbin_to_sqlite = convert  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "galvani", ModuleType("galvani"))
    monkeypatch.setitem(sys.modules, "galvani.res2sqlite", module)


def test_arbin_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def convert(source: str, target: str) -> None:
        print("Reading", source)  # noqa: T201 - as galvani does
        connection = sqlite3.connect(target)
        ARBIN.to_sql("Channel_Normal_Table", connection)
        connection.close()

    pretend(monkeypatch, convert)
    (tmp_path / "a.res").write_bytes(b"database")
    table = read_cycling(tmp_path / "a.res")
    assert table["time_h"].tolist() == pytest.approx([0, 1, 2])
    assert table["voltage_v"].tolist() == [3.0, 3.5, 3.4]
    assert table["capacity_ah"].tolist() == pytest.approx([0, 0.1, 0])
    assert table.attrs["started"] == "2016-08-05T16:21:23"
    assert capsys.readouterr().out == ""


def test_mdbtools_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(source: str, target: str) -> None:
        raise FileNotFoundError("mdb-export")

    pretend(monkeypatch, convert)
    (tmp_path / "a.res").write_bytes(b"database")
    with pytest.raises(FileError, match="mdb-export is missing; install mdbtools"):
        read_cycling(tmp_path / "a.res")


def test_a_real_arbin_database(shared_data: Path) -> None:
    pytest.importorskip("galvani")
    path = shared_data / "cycling" / "arbin" / "20160805_test001_45_cc_01.res"
    try:
        table = read_cycling(path)
    except FileError as error:
        pytest.skip(str(error))
    assert len(table) == 10261
    assert table["voltage_v"].between(0.04, 3.2).all()
    assert table.attrs["started"].startswith("2016-08-05T16:21")


@pytest.mark.parametrize("name", ["cp", "ocv", "gcpl.issue_149", "gcpl.issue_226.CxN"])
def test_biologic_binaries_are_what_their_text_says(shared_data: Path, name: str) -> None:
    pytest.importorskip("galvani")
    folder = shared_data / "cycling" / "biologic"
    binary, text = (read_cycling(folder / f"{name}.{ending}") for ending in ("mpr", "mpt"))
    for column in ("time_h", "voltage_v"):
        assert np.allclose(binary[column], text[column], rtol=1e-4, atol=1e-5)
    assert binary.attrs["started"] == text.attrs["started"]

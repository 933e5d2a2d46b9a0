"""BioLogic ``.mpr`` and Arbin ``.res``, where the user has installed galvani."""

from __future__ import annotations

import sqlite3
from contextlib import closing, redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from operando.errors import FileError

if TYPE_CHECKING:
    import pandas as pd

_ARBIN = {
    "Test_Time": "s",
    "Voltage": "V",
    "Current": "A",
    "Charge_Capacity": "Ah",
    "Discharge_Capacity": "Ah",
}
_DAY_0 = datetime(1899, 12, 30)
"""From which Arbin counts days, as Microsoft Access does."""


def read_mpr(path: Path) -> tuple[pd.DataFrame, str]:
    """Columns of a BioLogic file, and the date at which its time was 0 (ISO 8601)."""
    import pandas as pd

    try:
        from galvani import BioLogic
    except ImportError as error:
        raise FileError(
            f"{path.name} is a binary BioLogic file, which needs the Python package galvani",
            "export it from EC-Lab as text (.mpt), or install galvani (GPL) yourself",
        ) from error
    with path.open("rb") as file:
        record = BioLogic.MPRfile(file)
    started = getattr(record, "timestamp", None)
    return pd.DataFrame(record.data), started.isoformat() if started else ""


def read_res(path: Path) -> tuple[pd.DataFrame, str]:
    """Columns of an Arbin database, and the date at which its time was 0 (ISO 8601)."""
    import pandas as pd

    try:
        from galvani.res2sqlite import convert_arbin_to_sqlite
    except ImportError as error:
        raise FileError(
            f"{path.name} is an Arbin database, which needs galvani and mdbtools",
            "export it from Arbin's program as CSV or Excel, or install galvani (GPL) yourself",
        ) from error
    with TemporaryDirectory() as folder:
        database = Path(folder) / "record.sqlite"
        try:
            with redirect_stdout(StringIO()):
                convert_arbin_to_sqlite(str(path), str(database))
        except FileNotFoundError as error:
            raise FileError(
                f"{path.name} is an Arbin database, and the program mdb-export is missing",
                "install mdbtools, or export it from Arbin's program as CSV or Excel",
            ) from error
        with closing(sqlite3.connect(database)) as connection:
            frame = pd.read_sql(
                "select * from Channel_Normal_Table order by Test_ID, Data_Point", connection
            )
    days = float(frame["DateTime"].iloc[0])
    since = float(frame["Test_Time"].iloc[0])
    started = (_DAY_0 + timedelta(seconds=round(86400 * days - since))).isoformat()
    return frame.rename(
        columns={name: f"{name} / {unit}" for name, unit in _ARBIN.items()}
    ), started

"""Write tables where users want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or, if the name ends so, as Parquet.

    Raises
    ------
    FileError
        If the folder or file cannot be written.
    """
    try:
        if path.suffix == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False)
    except OSError as error:
        raise FileError(f"Cannot write {path} ({error.strerror})", "choose another place") from None

"""Write tables where users want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or, if the name ends so, as Parquet.

    Raises
    ------
    FileError
        If the folder or file cannot be written; what was there before then stays.
    """
    with replacing(path, make_folder=False) as partial:
        if path.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False)

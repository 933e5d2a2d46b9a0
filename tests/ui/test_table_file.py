from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from operando.errors import FileError
from operando.ui.table_file import write_table

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame({"particle": [1, 2], "volume_um3": [0.5, 1.5]})


def test_a_table_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "particles.csv"
    write_table(TABLE, path)

    def stop_half_way(table: pd.DataFrame, file: Path, **_: object) -> None:
        file.write_text("particle,vol")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", stop_half_way)
    with pytest.raises(FileError, match="The disk is full"):
        write_table(TABLE, path)
    pd.testing.assert_frame_equal(pd.read_csv(path), TABLE)
    assert list(tmp_path.iterdir()) == [path]


def test_writing_to_nowhere_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_table(TABLE, tmp_path / "no" / "such" / "folder.csv")

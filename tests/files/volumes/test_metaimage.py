from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("named", ["data/a.raw", "data\\a.raw"])
def test_voxels_may_lie_in_a_folder_below(tmp_path: Path, named: str) -> None:
    volume = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    (tmp_path / "data").mkdir()
    volume.tofile(tmp_path / "data" / "a.raw")
    (tmp_path / "a.mhd").write_text(
        f"NDims = 3\nDimSize = 5 4 3\nElementType = MET_USHORT\nElementDataFile = {named}\n"
    )
    assert np.array_equal(np.asarray(read(tmp_path / "a.mhd").data[0, 0]), volume)

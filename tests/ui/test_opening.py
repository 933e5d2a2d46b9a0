from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import InputError
from operando.ui import opening

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sample_opens_as_a_study_and_keeps_what_was_done(tmp_path: Path) -> None:
    with opening.open_sample(tmp_path / "user") as study:
        assert study.series.data.shape == (4, 1, 64, 128, 128)
        assert len(study.strokes().painted_slices) > 0
        assert "cycling" in study.products("tables")
        study.write_table("mine", study.table("cycling"))
    with opening.open_sample(tmp_path / "user") as again:
        assert "mine" in again.products("tables")


def test_a_study_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "volume.npy", np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(InputError, match="is not a voxel size"):
        opening.create_study(tmp_path / "new", [tmp_path / "volume.npy"], (0, 1, 1), (0.0,))
    assert not (tmp_path / "new.operando").exists()

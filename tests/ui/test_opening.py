from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import InputError
from operando.samples import ElectrodeSettings, write_sample
from operando.ui import opening

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_sample(
        tmp_path / "sample", settings=ElectrodeSettings(shape=(24, 48, 48), frames=2)
    )
    monkeypatch.setattr(opening, "sample_folder", lambda place: folder)
    return folder


def test_the_sample_opens_as_a_study(sample: Path, tmp_path: Path) -> None:
    with opening.open_sample(tmp_path / "user") as study:
        assert len(study.strokes().painted_slices) > 0
        assert "cycling" in study.products("tables")
        revision = study.strokes().revision
    with opening.open_sample(tmp_path / "user") as again:
        assert again.strokes().revision == revision


def test_a_sample_folder_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def write(folder: Path) -> Path:
        made.append(folder)
        (folder / "images").mkdir(parents=True)
        return folder

    monkeypatch.setattr(opening, "_CHECKOUT", tmp_path / "nowhere")
    monkeypatch.setattr("operando.samples.write_sample", write)
    first = opening.sample_folder(tmp_path / "user")
    assert opening.sample_folder(tmp_path / "user") == first
    assert made == [tmp_path / "user" / "sample"]
    assert np.all([path.is_dir() for path in made])


def test_a_study_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "volume.npy", np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(InputError, match="is not a voxel size"):
        opening.create_study(tmp_path / "new", [tmp_path / "volume.npy"], (0, 1, 1), (0.0,))
    assert not (tmp_path / "new.operando").exists()

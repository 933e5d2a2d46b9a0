from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.samples import ElectrodeSettings, write_sample
from operando.ui import contributions, opening
from operando.ui.contributions import sample_layers, study_reader

if TYPE_CHECKING:
    from pathlib import Path

    from operando import Study


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_sample(
        tmp_path / "sample", settings=ElectrodeSettings(shape=(24, 48, 48), frames=2)
    )
    monkeypatch.setattr(contributions, "sample_folder", lambda place: folder)
    monkeypatch.setattr(opening, "sample_folder", lambda place: folder)
    return folder


def test_the_sample_opens_as_layers(sample: Path) -> None:
    viewer = ViewerModel()
    for data, attributes, kind in sample_layers():
        getattr(viewer, f"add_{kind}")(data, **attributes)
    assert [layer.name for layer in viewer.layers] == [
        "sample · images",
        "sample · true phases",
        "sample · strokes",
    ]
    assert {layer.data.shape for layer in viewer.layers} == {(2, 24, 48, 48)}
    assert viewer.layers.extent.units is not None


def test_the_sample_opens_as_a_study(sample: Path, tmp_path: Path) -> None:
    with opening.open_sample(tmp_path / "user") as study:
        assert len(study.strokes().painted_slices) > 0
        assert "cycling" in study.products("tables")
        revision = study.strokes().revision
    with opening.open_sample(tmp_path / "user") as again:
        assert again.strokes().revision == revision


def test_only_studies_are_read(study: Study, tmp_path: Path) -> None:
    assert study_reader(str(study.path)) is not None
    assert study_reader(str(tmp_path)) is None
    assert study_reader([str(study.path)]) is None


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

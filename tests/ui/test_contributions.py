from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napari.components import ViewerModel

from operando.samples import ElectrodeSettings, write_sample
from operando.ui import contributions
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


def test_only_studies_are_read(study: Study, tmp_path: Path) -> None:
    assert study_reader(str(study.path)) is not None
    assert study_reader(str(tmp_path)) is None
    assert study_reader([str(study.path)]) is None

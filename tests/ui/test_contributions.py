from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components import ViewerModel

from operando.ui.contributions import sample_layers, study_reader

if TYPE_CHECKING:
    from pathlib import Path

    from operando import Study


def test_the_sample_opens_as_layers() -> None:
    viewer = ViewerModel()
    for data, attributes, kind in sample_layers():
        getattr(viewer, f"add_{kind}")(data, **attributes)
    assert [layer.name for layer in viewer.layers] == [
        "sample · images",
        "sample · true phases",
        "sample · strokes",
    ]
    assert {layer.data.shape for layer in viewer.layers} == {(4, 64, 128, 128)}
    assert viewer.layers.extent.units is not None


def test_only_studies_are_read(study: Study, tmp_path: Path) -> None:
    assert study_reader(str(study.path)) is not None
    assert study_reader(str(tmp_path)) is None
    assert study_reader([str(study.path)]) is None

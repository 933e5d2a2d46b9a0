from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from napari.components import ViewerModel

from operando.errors import FileError
from operando.ui.contributions import image_layers, image_reader, sample_layers, study_reader

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


def write_metaimage(path: Path, volume: np.ndarray) -> None:
    z, y, x = volume.shape
    header = (
        f"ObjectType = Image\nNDims = 3\nDimSize = {x} {y} {z}\nElementType = MET_UCHAR\n"
        "ElementSpacing = 0.001 0.001 0.002\nElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + volume.tobytes())


def test_images_open_as_lazy_layers_with_their_scale(tmp_path: Path) -> None:
    volume = np.arange(4 * 6 * 8, dtype=np.uint8).reshape(4, 6, 8)
    paths = [tmp_path / f"{n}.mha" for n in (1, 2)]
    for n, path in enumerate(paths):
        write_metaimage(path, volume + n)
    viewer = ViewerModel()
    for given in (str(paths[0]), [str(p) for p in paths]):
        assert image_reader(given) is image_layers
        for data, look, kind in image_layers(given):
            getattr(viewer, f"add_{kind}")(data, **look)
    single, both = viewer.layers
    assert single.data.shape == (4, 6, 8)
    assert single.scale.tolist() == pytest.approx([2, 1, 1])
    assert [str(u) for u in single.units] == ["micrometer"] * 3
    assert both.data.shape == (2, 4, 6, 8)
    assert np.array_equal(np.asarray(both.data[1]), volume + 1)


def test_every_data_set_is_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = np.zeros((4, 6, 8), np.uint8)
        file["labels"] = np.ones((4, 6, 8), np.uint8)
    layers = image_layers(str(path))
    assert [look["name"] for _, look, _ in layers] == ["scan · labels", "scan · raw"]


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "scan.mha"
    path.write_text("nothing")
    with pytest.raises(FileError, match="is no MetaImage file"):
        image_layers(str(path))
    assert image_reader(str(tmp_path / "notes.docx")) is None
    assert image_reader([]) is None


def test_recordings_of_neurology_are_left_to_others(tmp_path: Path) -> None:
    path = tmp_path / "brain.edf"
    path.write_bytes(b"0       patient")
    assert image_reader(str(path)) is None
    path.write_bytes(b"{\nHeaderID = EH:000001 ;\n}\n")
    assert image_reader(str(path)) is image_layers

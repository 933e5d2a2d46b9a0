"""The panel Data with formats that leave questions, with cycling records, and converting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from qtpy.QtWidgets import QDialogButtonBox

from operando import Study
from operando.chemistry import read_cycling
from operando.files import speed
from operando.jobs import JobState
from operando.ui.panels.data import DataPanel
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(ViewerModel())
    yield session
    session.close()


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> DataPanel:
    panel = DataPanel(session)

    def settle(panel: DataPanel) -> None:
        qtbot.waitUntil(lambda: not panel.is_busy and not panel.facts.is_busy)
        session.study_changed.disconnect(panel.refresh)
        panel.close_panel()

    qtbot.addWidget(panel, before_close_func=settle)
    session.study_changed.connect(panel.refresh)
    panel.show()
    return panel


@pytest.fixture
def compressed(tmp_path: Path, rng: np.random.Generator) -> Iterator[Study]:
    folder = tmp_path / "scans"
    folder.mkdir()
    for t in range(3):
        volume = rng.integers(0, 60_000, (6, 40, 50), np.uint16)
        tifffile.imwrite(folder / f"{t}.tif", volume, compression="zlib", photometric="minisblack")
    made = Study.create(tmp_path / "cell", folder, voxel_size=(0.5, 0.5, 0.5), times=(0, 1, 2))
    yield made
    made.close()


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "cell.csv"
    path.write_text("time/h,voltage/V,current/A\n0,3,0.1\n1,3.5,0.1\n2,4,0.1\n")
    return path


def test_one_of_several_data_sets_is_chosen(
    qtbot: QtBot, panel: DataPanel, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["dark"] = np.zeros((2, 20, 30), np.uint16)
        file["recon"] = np.arange(4 * 20 * 30, dtype=np.uint16).reshape(4, 20, 30)
    panel.open_images([path])
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)
    form = panel.new_study
    assert form.dataset.isVisible()
    assert form.dataset.currentText() == "recon: 4 × 20 × 30 uint16"
    form.dataset.setValue("dark")
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)
    assert "2 × 20 × 30 voxels" in form.facts.text()
    form.dataset.setValue("recon")
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)
    form.calibration.sizes[0].setValue(0.5)
    form.create.click()
    qtbot.waitUntil(lambda: session.study is not None, timeout=20_000)
    assert session.study is not None
    assert int(session.study.series.data[0, 0, 3, 19, 29]) == 4 * 20 * 30 - 1


def test_the_layout_of_a_raw_volume_is_asked_for(
    qtbot: QtBot, panel: DataPanel, tmp_path: Path, rng: np.random.Generator
) -> None:
    path = tmp_path / "scan.raw"
    rng.integers(0, 999, 3 * 20 * 30).astype(np.uint16).tofile(path)
    panel.open_images([path])
    dialog = panel.layout_dialog
    accept = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not accept.isEnabled()
    assert dialog.picture.is_empty
    assert "the file has 3,600" in dialog.hint.text()
    for field, length in zip(dialog.lengths, (3, 20, 30), strict=True):
        field.setValue(length)
    assert "fits the length" in dialog.hint.text()
    assert not dialog.picture.is_empty
    accept.click()
    qtbot.waitUntil(lambda: panel.new_study.isVisible(), timeout=20_000)
    assert "3 × 20 × 30 voxels" in panel.new_study.facts.text()
    assert panel.new_study.histogram.isVisible()
    assert panel.new_study.value()["shape"] == [3, 20, 30]


def test_the_layout_of_a_raw_volume_is_guessed(
    qtbot: QtBot, panel: DataPanel, tmp_path: Path
) -> None:
    z, y, x = np.indices((24, 40, 40))
    path = tmp_path / "scan.raw"
    (2000 + 30 * x + 400 * np.sin(y / 5) + 300 * np.cos(z / 4)).astype(">u2").tofile(path)
    panel.open_images([path])
    dialog = panel.layout_dialog
    assert dialog.value() == {
        "shape": [24, 40, 40], "dtype": "uint16", "offset": 0, "byteorder": "big"
    }  # fmt: skip
    assert "Guessed" in dialog.hint.text()
    assert not dialog.picture.is_empty
    dialog.order.setValue("little")
    assert "Guessed" not in dialog.hint.text()


def test_a_cycling_record_is_added_and_moved(
    qtbot: QtBot, panel: DataPanel, session: Session, compressed: Study, record: Path
) -> None:
    session.show_study(compressed)
    box = panel.facts.cycling
    assert not box.offset.isVisible()
    box.read(record)
    qtbot.waitUntil(lambda: box.offset.isVisible(), timeout=20_000)
    assert "3 – 4 V, 0 – 2 h" in box.facts.text()
    assert "voltage curve" in panel.state()[1]
    box.offset.setValue(-1.5)
    table = compressed.table("cycling")
    assert table["time_h"].tolist() == [-1.5, -0.5, 0.5]
    assert table["voltage_v"].tolist() == read_cycling(record)["voltage_v"].tolist()
    assert "covers 1 of 3 frames" in box.facts.text()
    box.offset.setValue(0)
    assert compressed.table("cycling")["time_h"].tolist() == [0, 1, 2]
    assert "covers" not in box.facts.text()


def test_what_is_no_record_is_said(
    qtbot: QtBot, panel: DataPanel, session: Session, compressed: Study, tmp_path: Path
) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n")
    session.show_study(compressed)
    panel.facts.cycling.read(path)
    qtbot.waitUntil(lambda: panel.error.isVisible(), timeout=20_000)
    assert "names columns of time and voltage" in panel.error.text()
    assert panel.facts.cycling.add.isEnabled()


def test_slow_images_are_converted(
    qtbot: QtBot,
    panel: DataPanel,
    session: Session,
    compressed: Study,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speed, "SMALL", 1)
    before = np.asarray(compressed.series.data)
    session.show_study(compressed)
    box = panel.facts.convert
    qtbot.waitUntil(lambda: box.isVisible(), timeout=20_000)
    assert "compressed one by one" in box.reason.text()
    box.convert.click()
    assert session.job is not None

    def over() -> bool:
        session.poll()
        return session.job is not None and session.job.state.is_over

    qtbot.waitUntil(over, timeout=180_000)
    assert session.job.state is JobState.FINISHED
    assert compressed.series.source == (compressed.path / "images" / "converted.zarr",)
    assert np.array_equal(np.asarray(compressed.series.data), before)
    qtbot.waitUntil(lambda: not box.isVisible(), timeout=20_000)

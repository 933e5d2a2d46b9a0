from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QMessageBox

from operando import Study
from operando.files import write_tiff
from operando.steps import STEPS
from operando.ui.dock.section import Mark
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
def images(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Three frames as files that say nothing about voxels or times."""
    folder = tmp_path / "scan"
    folder.mkdir()
    for t in range(3):
        np.save(folder / f"frame_{t}.npy", rng.integers(0, 60000, (4, 16, 20), np.uint16))
    return folder


@pytest.fixture
def other(images: Path) -> Path:
    """A second study."""
    with Study.create(images.parent / "other.operando", images, (1, 1, 1)) as made:
        return made.path


def _open(qtbot: QtBot, panel: DataPanel, path: Path) -> None:
    panel.open_path([path])
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, QMessageBox.StandardButton]:
    """What is answered, by default No, to each question that was asked."""
    asked: dict[str, QMessageBox.StandardButton] = {}

    def answer(parent: object, title: str, text: str) -> QMessageBox.StandardButton:
        del parent, title
        return asked.setdefault(text, QMessageBox.StandardButton.No)

    monkeypatch.setattr(QMessageBox, "question", answer)
    return asked


def test_what_images_do_not_say_is_asked_for(
    qtbot: QtBot, panel: DataPanel, session: Session, images: Path
) -> None:
    _open(qtbot, panel, images)
    form = panel.new_study
    assert form.isVisible()
    assert "3 frames of 4 × 16 × 20 voxels" in form.facts.text()
    assert not form.create.isEnabled()
    assert "voxel size" in form.hint.text()
    form.calibration.sizes[0].setValue(0.5)
    form.calibration.step.setValue(2.0)
    assert form.create.isEnabled()
    assert form.path == images.parent / "scan.operando"
    form.name.setText("my cell")
    form.create.click()
    qtbot.waitUntil(lambda: session.study is not None, timeout=20_000)
    assert session.study is not None
    assert session.study.voxel_size == (0.5, 0.5, 0.5)
    assert session.study.times == (0.0, 2.0, 4.0)
    assert session.study.path == images.parent / "my cell.operando"
    assert panel.facts.isVisible()
    assert panel.facts.facts["Frames"].text() == "3, 0 – 4 h"
    assert panel.state() == (Mark.DONE, "3 frames, 7.7 kB")


def test_a_part_of_the_images_is_copied(
    qtbot: QtBot, panel: DataPanel, session: Session, images: Path
) -> None:
    _open(qtbot, panel, images)
    form = panel.new_study
    form.calibration.sizes[0].setValue(0.5)
    form.part.ends[2][0].setValue(30)
    assert form.part.ends[2][0].value() == 19
    form.part.ends[1][0].setValue(16)
    form.part.ends[1][1].setValue(3)
    assert "No voxel is left" in form.hint.text()
    assert not form.create.isEnabled()
    for field, value in zip(form.part.ends[1] + form.part.ends[2], (4, 12, 0, 20), strict=True):
        field.setValue(value)
    form.part.binning.setValue((1, 2, 2))
    form.create.click()
    qtbot.waitUntil(lambda: session.study is not None, timeout=20_000)
    assert session.study is not None
    assert session.study.series.volume_shape == (4, 4, 10)
    assert session.study.voxel_size == (0.5, 1.0, 1.0)
    assert not panel.stop.isVisible()


def test_copying_a_part_can_be_stopped(
    qtbot: QtBot, panel: DataPanel, session: Session, images: Path
) -> None:
    _open(qtbot, panel, images)
    form = panel.new_study
    form.calibration.sizes[0].setValue(0.5)
    form.part.binning.setValue((1, 2, 2))
    form.create.click()
    panel.stop.click()
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)
    assert session.study is None
    assert not form.path.exists()
    assert not panel.error.isVisible()
    assert form.create.isEnabled()


def test_what_images_say_is_taken(qtbot: QtBot, panel: DataPanel, tmp_path: Path) -> None:
    path = tmp_path / "volume.tif"
    write_tiff(path, np.zeros((4, 8, 8), np.uint8), voxel_size=(0.3, 0.1, 0.1))
    _open(qtbot, panel, path)
    assert panel.new_study.calibration.voxel_size == pytest.approx((0.3, 0.1, 0.1))
    assert not panel.new_study.calibration.cubes.isChecked()
    assert panel.new_study.create.isEnabled()


def test_axes_can_be_read_otherwise(qtbot: QtBot, panel: DataPanel, tmp_path: Path) -> None:
    path = tmp_path / "movie.npy"
    np.save(path, np.zeros((5, 8, 8), np.uint8))
    _open(qtbot, panel, path)
    assert "1 frame of 5 × 8 × 8" in panel.new_study.facts.text()
    panel.new_study.axes.setValue("tyx")
    qtbot.waitUntil(lambda: "5 frames of 1 × 8 × 8" in panel.new_study.facts.text())


def test_one_clear_sentence_when_there_are_no_images(
    qtbot: QtBot, panel: DataPanel, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    _open(qtbot, panel, empty)
    assert "is empty" in panel.error.text()
    assert panel.start.isVisible()


def test_a_study_is_opened_and_closed(
    qtbot: QtBot, panel: DataPanel, session: Session, study: Study
) -> None:
    study.close()
    _open(qtbot, panel, study.path)
    assert session.study is not None
    qtbot.waitUntil(lambda: not panel.facts.is_busy)
    panel.facts.close_study.click()
    assert session.study is None
    assert panel.start.isVisible()


def test_a_study_that_is_open_elsewhere_is_refused(
    qtbot: QtBot, panel: DataPanel, session: Session, study: Study
) -> None:
    _open(qtbot, panel, study.path)
    assert "open elsewhere" in panel.error.text()
    assert session.study is None


def test_the_voxel_size_can_be_corrected(
    qtbot: QtBot, panel: DataPanel, session: Session, study: Study
) -> None:
    session.show_study(study)
    qtbot.waitUntil(lambda: not panel.facts.is_busy)
    panel.facts.edit.click()
    panel.facts.calibration.sizes[0].setValue(0.25)
    panel.facts.apply.click()
    assert study.voxel_size == (0.25, 0.25, 0.25)
    assert panel.facts.facts["Voxel size"].text() == "0.25 µm"


def test_a_study_with_a_running_job_is_closed_only_if_that_is_wanted(
    panel: DataPanel, session: Session, study: Study, answers: dict
) -> None:
    session.show_study(study)
    session.run(STEPS["quality"]())
    panel.facts.close_study.click()
    assert session.study is study
    assert session.is_busy
    (question,) = answers
    assert "still running. Stop it and close the study?" in question
    answers[question] = QMessageBox.StandardButton.Yes
    panel.facts.close_study.click()
    assert session.study is None


def test_another_study_ends_a_running_job_only_if_that_is_wanted(
    qtbot: QtBot, panel: DataPanel, session: Session, study: Study, other: Path, answers: dict
) -> None:
    session.show_study(study)
    session.run(STEPS["quality"]())
    panel.open_path([other])
    assert not panel.is_busy
    assert session.study is study
    (question,) = answers
    answers[question] = QMessageBox.StandardButton.Yes
    _open(qtbot, panel, other)
    assert session.holds(other)


def test_a_job_that_starts_while_another_study_is_read_is_asked_about(
    qtbot: QtBot, panel: DataPanel, session: Session, study: Study, other: Path, answers: dict
) -> None:
    session.show_study(study)
    panel.open_path([other])
    session.run(STEPS["quality"]())
    qtbot.waitUntil(lambda: not panel.is_busy, timeout=20_000)
    assert session.study is study
    assert session.is_busy
    assert len(answers) == 1
    with Study.open(other) as again:
        assert again.writable

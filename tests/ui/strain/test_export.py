from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtWidgets import QFileDialog

from operando.errors import InputError
from operando.report import strain_figure
from operando.report.strain_figure import draw_field_slice
from operando.steps import STEPS, run_step
from operando.study.record import Entry
from operando.ui.layers.study_results import StudyStrain
from operando.ui.strain.export import export_strain
from operando.ui.strain.export_button import StrainExport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando.data import DisplacementField
    from operando.report.strain_figure import SlicePlace
    from operando.ui.session import Session


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    uniform_stretch: Callable[[float], DisplacementField],
) -> StudyStrain:
    strain = show_field(uniform_stretch(0.01))
    strain.show((0, 1))
    return strain


def test_the_button_writes_what_is_shown_and_says_so(
    qtbot: QtBot, strain: StudyStrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = StrainExport(strain)
    qtbot.addWidget(box)
    path = tmp_path / "field.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    box.button.click()
    assert box.message.text() == "Wrote field.csv"
    table = pd.read_csv(path)
    np.testing.assert_allclose(table["volume_change"], 1.01**3 - 1)


def test_an_unknown_ending_is_told_in_the_panel(
    qtbot: QtBot, strain: StudyStrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = StrainExport(strain)
    qtbot.addWidget(box)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "field.doc"), "")
    )
    box.button.click()
    assert "field.doc" in box.message.text()
    assert ".vti" in box.message.text()


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_figure_of_the_shown_slice(
    strain: StudyStrain, tmp_path: Path, ending: str, start: bytes
) -> None:
    path = export_strain(strain, tmp_path / f"figure.{ending}")
    assert path.read_bytes().startswith(start)


def test_a_figure_shows_the_images_that_were_correlated(
    strain: StudyStrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = strain.study
    run_step(study, STEPS["denoise"]())
    (product,) = study.image_sets[1:]
    study.add_entry(Entry(step="strain", settings={"images": product}, outputs=("strain/000-001",)))
    drawn: list[Any] = []

    def draw(field: object, values: object, grey: object, place: SlicePlace, *args: Any, **k: Any):
        drawn.append((grey, place.voxel))
        return draw_field_slice(field, values, grey, place, *args, **k)

    monkeypatch.setattr(strain_figure, "draw_field_slice", draw)
    export_strain(strain, tmp_path / "figure.png")
    ((grey, z),) = drawn
    np.testing.assert_array_equal(grey, study.image_series(product).data[0, 0, z])
    assert (grey != np.asarray(study.series.data[0, 0, z])).any()


def test_nothing_to_export(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run Strain"):
        export_strain(StudyStrain(session), tmp_path / "field.vti")

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from operando.data import DisplacementField
from operando.errors import InputError
from operando.ui.layers.study_results import StudyStrain
from operando.ui.session import Session
from operando.ui.strain.export import export_strain
from operando.ui.strain.export_button import StrainExport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from operando import Study


@pytest.fixture
def strain(study: Study) -> Iterator[StudyStrain]:
    session = Session(ViewerModel())
    session.show_study(study)
    shape = (3, 5, 5)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 8.0 + 6
    n = len(positions)
    field = DisplacementField(
        positions=positions,
        displacement=positions * 0.01,
        gradient=np.tile(np.eye(3) * 0.01, (n, 1, 1)),
        sigma=np.full((n, 3), 0.01),
        zncc=np.full(n, 0.9),
        status=np.zeros(n, int),
        grid_shape=shape,
        spacing=(8.0,) * 3,
        window=(11, 11, 11),
    )
    study.write_field("000-001", field)
    strain = StudyStrain(session)
    strain.show((0, 1))
    yield strain
    session.close()


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


def test_nothing_to_export(study: Study, tmp_path: Path) -> None:
    session = Session(ViewerModel())
    session.show_study(study)
    with pytest.raises(InputError, match="run Strain"):
        export_strain(StudyStrain(session), tmp_path / "field.vti")
    session.close()

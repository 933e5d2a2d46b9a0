from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando import Study
from operando.data import DisplacementField
from operando.steps import STEPS, run_step
from operando.study.record import Entry
from operando.ui.forms.form import SettingsForm
from operando.ui.panels.run_panel import RunPanel
from operando.ui.panels.strain import StrainPanel
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


class RecallingPanel(RunPanel):
    """The least panel with a form; reads no field."""

    title = "Strain"

    def make_form(self) -> SettingsForm:
        return SettingsForm(STEPS["strain"], up_front=("window",))


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[StrainPanel]:
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.close_panel()


def test_the_form_gives_the_step(panel: StrainPanel) -> None:
    assert panel.steps() == [STEPS["strain"]()]
    step = STEPS["strain"](reference=1, deformed=0, window=31, spacing=9)
    panel.form.setValue(step)
    assert panel.steps() == [step]


def test_what_was_typed_for_one_study_is_not_asked_of_the_next(
    panel: StrainPanel, session: Session, tmp_path: Path, rng: np.random.Generator
) -> None:
    panel.form.setValue(STEPS["strain"](reference=1, deformed=0, window=61))
    panel.refresh()
    assert panel.form.value().window == 61
    images = rng.integers(0, 255, (2, 16, 32, 32)).astype(np.uint8)
    session.show_study(Study.create(tmp_path / "next", images, (1, 1, 1)))
    panel.refresh()
    assert panel.steps() == [STEPS["strain"]()]


def test_an_opened_study_brings_the_settings_of_its_last_run(
    qtbot: QtBot, session: Session
) -> None:
    step = STEPS["strain"](reference=1, deformed=0, window=31)
    assert session.study is not None
    session.study.product_path("strain/001-000").mkdir(parents=True)
    session.study.add_entry(
        Entry(step="strain", settings=step.model_dump(mode="json"), outputs=("strain/001-000",))
    )
    status = session.status("strain")
    assert status is not None
    assert status.state == "done"
    panel = RecallingPanel(session)
    qtbot.addWidget(panel)
    panel.refresh()
    assert panel.steps() == [step]
    panel.close_panel()


def test_frames_are_offered_with_their_times(panel: StrainPanel) -> None:
    deformed = panel.form.field("deformed")
    texts = [deformed.itemText(i) for i in range(deformed.count())]
    assert texts == ["last", "0 · 0 h", "1 · 1 h"]


def test_lengths_are_told_in_micrometres(panel: StrainPanel, session: Session) -> None:
    panel.form.setValue(STEPS["strain"](window=21, spacing=15))
    assert session.study is not None
    edge = session.study.voxel_size[0]
    assert panel.lengths.text() == (
        f"Window {21 * edge:.3g} µm, spacing {15 * edge:.3g} µm; "
        f"strain averages over {51 * edge:.3g} µm."
    )


def test_lengths_of_voxels_that_are_no_cubes_are_told_for_every_axis(
    qtbot: QtBot, tmp_path: Path
) -> None:
    study = Study.create(tmp_path / "flat", np.zeros((2, 16, 32, 32), np.uint8), (0.3, 0.1, 0.1))
    session = Session(ViewerModel())
    session.show_study(study)
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    panel.form.setValue(STEPS["strain"](window=21, spacing=15))
    assert panel.lengths.text() == (
        "Window 6.3 × 2.1 × 2.1 µm, spacing 4.5 × 1.5 × 1.5 µm; "
        "strain averages over 15.3 × 5.1 × 5.1 µm (z, y, x)."
    )
    panel.close_panel()
    session.close()


@pytest.fixture
def series_panel(
    qtbot: QtBot, tmp_path: Path, rng: np.random.Generator
) -> Iterator[tuple[StrainPanel, Study]]:
    images = rng.integers(0, 255, (4, 16, 32, 32)).astype(np.uint8)
    study = Study.create(tmp_path / "series", images, (1, 1, 1))
    session = Session(ViewerModel())
    session.show_study(study)
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    panel.form.setValue(STEPS["strain"](reference=1, window=9, spacing=8))
    yield panel, study
    panel.close_panel()
    session.close()


def pairs(panel: StrainPanel) -> list[tuple[int, int]]:
    return [(step.reference, step.deformed) for step in panel.steps_to_all_frames()]


def test_one_button_measures_every_other_frame(series_panel: tuple[StrainPanel, Study]) -> None:
    panel, _ = series_panel
    assert not panel.all_frames.isHidden()
    assert pairs(panel) == [(1, 0), (1, 2), (1, 3)]
    assert {step.window for step in panel.steps_to_all_frames()} == {9}


@pytest.mark.parametrize("deformed", [3, -1])
def test_pairs_that_were_measured_just_so_are_left_out(
    series_panel: tuple[StrainPanel, Study], deformed: int
) -> None:
    panel, study = series_panel
    run_step(study, STEPS["strain"](reference=1, deformed=deformed, window=9, spacing=8))
    assert pairs(panel) == [(1, 0), (1, 2)]
    panel.form.setValue(STEPS["strain"](reference=1, window=7, spacing=8))
    assert pairs(panel) == [(1, 0), (1, 2), (1, 3)]


def test_when_all_are_measured_the_panel_says_so(
    series_panel: tuple[StrainPanel, Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, _ = series_panel
    monkeypatch.setattr(panel, "steps_to_all_frames", list)
    panel.all_frames.click()
    assert "All frames are measured" in panel.error.text()


def test_two_frames_need_no_second_button(panel: StrainPanel) -> None:
    assert panel.all_frames.isHidden()


def test_single_slices_are_not_correlated(qtbot: QtBot, tmp_path: Path) -> None:
    study = Study.create(tmp_path / "slices", np.zeros((4, 1, 32, 32), np.uint8), (1, 1, 1))
    session = Session(ViewerModel())
    session.show_study(study)
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    assert not panel.primary.isEnabled()
    assert "single slices" in panel.hint.text()
    panel.close_panel()
    session.close()


def test_what_is_told_belongs_to_the_field_that_is_shown(
    qtbot: QtBot, study: Study, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    for pair, change in (("000-001", 1.0), ("001-000", -1.0)):
        study.write_field(pair, uniform_stretch(change / 300))
        values = {"median_volume_change_percent": change}
        outputs = (f"strain/{pair}",)
        study.add_entry(Entry(step="strain", summary=pair, values=values, outputs=outputs))
    session = Session(ViewerModel())
    session.show_study(study)
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    panel.strain.show((0, 1))
    assert panel.result.text() == "Frame 0 to 1: 000-001<br>median volume change +1.00 %"
    panel.strain.show((1, 0))
    assert panel.result.text() == "Frame 1 to 0: 001-000<br>median volume change -1.00 %"
    panel.close_panel()
    session.close()


def test_the_field_that_was_just_measured_is_shown_also_beside_one_that_is_out_of_date(
    panel: StrainPanel,
    session: Session,
    study: Study,
    uniform_stretch: Callable[[float], DisplacementField],
) -> None:
    for pair, seen in (("000-001", "other images"), ("001-000", study.fingerprint("images"))):
        study.write_field(pair, uniform_stretch(0.01))
        made = {"inputs": {"images": seen}, "outputs": (f"strain/{pair}",), "summary": "fine"}
        study.add_entry(Entry(step="strain", **made))
    session.edited()
    session.products_changed.emit("strain")
    assert panel.strain.pair == (1, 0)
    assert panel.result.text() == "Frame 1 to 0: fine"
    panel.strain.show((0, 1))
    assert panel.result.text() == "Frame 0 to 1: out of date · fine"


@pytest.mark.parametrize(("scatter", "own"), [(0.9, 88.4), (3.0, 2.0)])
def test_what_was_measured_is_told(qtbot: QtBot, study: Study, scatter: float, own: float) -> None:
    study.add_entry(
        Entry(
            step="strain",
            summary="0.004 voxel error, 51-voxel gauge",
            values={
                "median_volume_change_percent": 3.21,
                "neighbour_scatter": scatter,
                "own_motion_percent": own,
            },
        )
    )
    session = Session(ViewerModel())
    session.show_study(study)
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    told = panel.result.text()
    assert told.startswith("0.004 voxel error, 51-voxel gauge<br>median volume change +3.21 %")
    assert ("Errors may be larger than predicted" in told) is (scatter > 2)
    assert ("In 88 % of the windows particles move on their own" in told) is (own > 10)
    panel.close_panel()
    session.close()


@pytest.mark.parametrize(("share", "told"), [(0.3, True), (0.9, False)])
def test_few_nodes_come_with_advice(
    session: Session, study: Study, panel: StrainPanel, share: float, told: bool
) -> None:
    study.add_entry(Entry(step="strain", summary="some", values={"valid_fraction": share}))
    session.edited()
    panel.refresh()
    assert ("Try a larger window" in panel.result.text()) is told


def test_cleaned_images_are_offered_but_not_chosen(
    session: Session, study: Study, panel: StrainPanel
) -> None:
    run_step(study, STEPS["spots"]())
    panel.refresh()
    images = panel.form.field("images")
    assert images.count() == 2
    assert panel.form.value().images == "images"


def test_one_frame_has_no_strain(qtbot: QtBot, tmp_path: Path) -> None:
    images = np.zeros((4, 8, 8), np.uint8)
    session = Session(ViewerModel())
    session.show_study(Study.create(tmp_path / "one", images, voxel_size=(1, 1, 1)))
    panel = StrainPanel(session)
    qtbot.addWidget(panel)
    assert not panel.primary.isEnabled()
    assert panel.hint.text() == "Strain needs two frames; this study has one."
    panel.close_panel()
    panel.close_panel()
    session.close()


def test_no_study_is_said(panel: StrainPanel, session: Session) -> None:
    session.close_study()
    panel.refresh()
    assert panel.hint.text() == "Open a study first."
    assert panel.lengths.isHidden()
    assert panel.display.isHidden()


def test_the_thickness_is_a_line_that_is_drawn(panel: StrainPanel, session: Session) -> None:
    study = session.study
    assert study is not None
    study.write_field("000-001", stretched())
    panel.strain.refresh()
    panel.strain.go_to_frame()
    display = panel.display
    display.quantity.setCurrentText("through-thickness strain (%)")
    display.normal.setCurrentText("along a line I draw")
    display.normal.activated.emit(display.normal.currentIndex())
    assert panel.line.draw.isChecked()
    assert "one side of the layer" in display.note.text()
    size = np.array(study.voxel_size)
    for voxel in ((14, 10, 8), (14, 40, 8)):
        place = SimpleNamespace(position=(1.0, *(voxel * size)))
        panel.line._clicks.clicked.emit(place)
    assert not panel.line.draw.isChecked()
    assert display.note.isHidden()
    assert panel.strain.view.normal == (0, 1, 0)
    layer = panel.strain.view.layer
    assert layer is not None
    stretch = 0.01 + 0.01**2 / 2
    assert float(layer.data[1, 1, 1, 1]) == pytest.approx(100 * stretch, rel=1e-5)


def stretched() -> DisplacementField:
    """Nodes of a stretch of 1 % along y alone."""
    shape = (3, 5, 5)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    n = int(np.prod(shape))
    gradient = np.diag([0.0, 0.01, 0.0])
    positions = nodes.reshape(-1, 3) * 8.0 + 6
    return DisplacementField(
        positions=positions,
        displacement=positions @ gradient.T,
        gradient=np.tile(gradient, (n, 1, 1)),
        sigma=np.full((n, 3), 0.01),
        zncc=np.full(n, 0.9),
        status=np.zeros(n, int),
        grid_shape=shape,
        spacing=(8.0,) * 3,
        window=(11, 11, 11),
    )

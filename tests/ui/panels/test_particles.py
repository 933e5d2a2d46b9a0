from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.data import LabelClass
from operando.data.classes import COLOUR_CYCLE
from operando.files.ome_zarr import create_image
from operando.jobs import Job, JobState
from operando.steps import STEPS, run_step
from operando.study.phases import create_phases
from operando.study.record import Entry
from operando.ui.dock.section import Mark
from operando.ui.layers.study_results import StudyStrain
from operando.ui.panels.particles import ParticlesPanel
from operando.ui.particles.table import ParticleTable
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from operando import Study
    from operando.data import DisplacementField
    from operando.samples import Electrode


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> Iterator[ParticlesPanel]:
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.close_panel()


def _segment(study: Study) -> None:
    labels, _ = create_phases(
        study.product_path("phases/phases"), study.series, study.strokes().classes
    )
    labels[:] = 1


@pytest.fixture
def found(study: Study, write_particles: Callable[[], None]) -> Study:
    """The small study with a segmentation, and with particles that a run is said to have found."""
    _segment(study)
    write_particles()
    study.add_entry(
        Entry(
            step="particles",
            outputs=("particles/particles", "tables/particles"),
            summary="12 followed, 3 cracked",
            values={"particles": 20.0, "median_diameter_um": 1.234},
        )
    )
    return study


def test_it_waits_for_a_segmentation(panel: ParticlesPanel, session: Session) -> None:
    assert not panel.primary.isEnabled()
    assert panel.hint.text() == "Segment first."
    assert session.study is not None
    _segment(session.study)
    panel.refresh()
    assert panel.primary.isEnabled()
    offered = panel.form.field("phase")
    assert [offered.itemText(i) for i in range(offered.count())] == [
        c.name for c in session.study.strokes().classes
    ]


@pytest.mark.parametrize(
    ("names", "phase"),
    [
        (("pore", "binder", "particle"), "particle"),
        (("pore", "grain"), "grain"),
        (("graphite", "silicon", "pore"), "silicon"),
        (("binder", "pore"), "pore"),
    ],
)
def test_particles_are_looked_for_in_what_is_no_pore_and_no_binder(
    panel: ParticlesPanel, session: Session, names: tuple[str, ...], phase: str
) -> None:
    classes = [LabelClass(name, colour) for name, colour in zip(names, COLOUR_CYCLE, strict=False)]
    create_phases(session.study.product_path("phases/phases"), session.study.series, classes)
    panel.refresh()
    assert panel.form.value().phase == phase
    panel.form.choose("phase", names[0])
    panel.refresh()
    assert panel.form.value().phase == names[0], "what was chosen stays"


def test_the_form_gives_the_step(panel: ParticlesPanel) -> None:
    step = STEPS["particles"](phase="binder", split={"smallest_diameter": 1.5, "separation": 0.25})
    panel.form.setValue(step)
    assert list(panel.steps()) == [step]


def test_what_was_found_is_told_and_shown(qtbot: QtBot, found: Study, electrode: Electrode) -> None:
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    assert panel.result.text() == (
        "12 followed, 3 cracked<br>20 particles in all, median diameter 1.23 µm"
    )
    assert not panel.open_table.isHidden()
    assert np.asarray(session.viewer.layers["particles"].data[0]).max() == electrode.ids[0].max()
    panel.show_table()
    assert panel.table is None, "a model has no window to dock a table in"
    session.close()
    assert panel.open_table.isHidden()
    panel.close_panel()


def test_a_layer_that_was_deleted_comes_back_with_the_table(qtbot: QtBot, found: Study) -> None:
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    before = [layer.name for layer in session.viewer.layers]
    session.viewer.layers.remove("particles")
    panel.open_table.click()
    assert [layer.name for layer in session.viewer.layers] == before
    panel.close_panel()
    session.close()


def test_thumbnails_are_cut_from_the_study_s_images_where_particles_were_found(
    qtbot: QtBot, found: Study
) -> None:
    session = Session(ViewerModel())
    session.viewer.add_image(np.zeros((5, 5)), name="photo", contrast_limits=(0, 0.5))
    session.show_study(found)
    panel = ParticlesPanel(session)
    panel.table = ParticleTable(panel.particles.view)
    for widget in (panel, panel.table):
        qtbot.addWidget(widget)
    size = found.voxel_size
    session.calibrate([2 * edge for edge in size])
    _, _, spacing, limits = panel.table.gallery.model._source
    assert spacing == size
    assert limits == tuple(session.layers.image.contrast_limits)
    assert limits[1] > 0.5
    panel.table.unlink()
    panel.table = None
    panel.close_panel()
    session.close()


def test_thumbnails_are_cut_from_the_images_that_particles_were_found_in(
    qtbot: QtBot, found: Study
) -> None:
    """Particles of aligned images lie elsewhere in those as recorded."""
    run_step(found, STEPS["denoise"]())
    (product,) = found.image_sets[1:]
    (entry,) = [e for e in found.entries if e.step == "particles"]
    found.add_entry(entry.model_copy(update={"id": "later", "settings": {"images": product}}))
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    panel.table = ParticleTable(panel.particles.view)
    for widget in (panel, panel.table):
        qtbot.addWidget(widget)
    panel.refresh()
    panel._fill_table()
    images, *_ = panel.table.gallery.model._source
    np.testing.assert_array_equal(images[1, 3], found.image_series(product).data[1, 0, 3])
    assert (np.asarray(images[1]) != np.asarray(found.series.data[1, 0])).any()
    panel.table.unlink()
    panel.table = None
    panel.close_panel()
    session.close()


def test_particles_are_measured_in_the_images_that_were_segmented(
    panel: ParticlesPanel, session: Session
) -> None:
    """Phases of images as recorded lie elsewhere in those that were aligned later."""
    study = session.study
    _segment(study)
    entry = Entry(step="segment", settings={"images": "images"}, outputs=("phases/phases",))
    study.add_entry(entry)
    run_step(study, STEPS["denoise"]())
    (product,) = study.image_sets[1:]
    panel.refresh()
    assert panel.form.value().images == "images"
    study.add_entry(entry.model_copy(update={"id": "later", "settings": {"images": product}}))
    panel.refresh()
    assert panel.form.value().images == product
    panel.form.choose("images", "images")
    panel.refresh()
    assert panel.form.value().images == "images", "what was chosen stays"


def test_maps_and_motion_go_by_what_the_particles_were_found_in(
    qtbot: QtBot, found: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a phase of any name, and of images that were aligned; not what the form asks now."""
    settings = {"images": "images/aligned", "channel": 1, "phase": "NMC", "phases": "phases"}
    (entry,) = found.entries
    found.add_entry(entry.model_copy(update={"id": "later", "settings": settings}))
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    ran: list[Any] = []
    monkeypatch.setattr(session, "run", lambda *steps: ran.extend(steps))
    for button in (panel.map_damage, panel.map_paths, panel.measure_motion):
        button.click()
    cracks, paths, motion = (step.finder(found).model_dump() for step in ran)
    assert settings.items() <= cracks.items()
    assert settings.items() <= paths.items()
    assert [getattr(step, "paths", None) for step in ran] == [False, True, None]
    assert (motion["images"], motion["channel"]) == ("images/aligned", 1)
    panel.close_panel()
    session.close()


def test_maps_go_with_the_study_and_come_back_hidden(
    qtbot: QtBot, found: Study, uniform_stretch: Callable[[float], DisplacementField]
) -> None:
    product = "particles/particles-damage"
    shape, size = (2, 4, 8, 8), found.voxel_size
    create_image(
        found.product_path(product), shape, "float32", axes="tzyx", voxel_size=size, times=(0, 1)
    )[:] = 1
    found.add_entry(Entry(step="damage", outputs=(product,)))
    session = Session(ViewerModel())
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    session.show_study(found)
    (layer,) = [x for x in session.viewer.layers if x.name.startswith("crack density")]
    assert not layer.visible
    session.products_changed.emit("damage")
    (layer,) = [x for x in session.viewer.layers if x.name.startswith("crack density")]
    assert layer.visible
    found.add_entry(Entry(step="strain", outputs=("strain/000-001",)))
    found.write_field("000-001", uniform_stretch(0.01))
    strain = StudyStrain(session)
    session.products_changed.emit("strain")
    assert not layer.visible, "its colours would mix with those of the strain"
    strain.close()
    session.close_study()
    assert len(session.viewer.layers) == 0
    panel.close_panel()


def test_particles_stay_found_where_what_follows_fails(qtbot: QtBot, found: Study) -> None:
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    for name, mark in (("damage", Mark.DONE), ("particles", Mark.FAILED)):
        session.job = Job(found, STEPS[name]())
        session.job.state = JobState.FAILED
        assert panel.state()[0] is mark
    session.job = None
    panel.close_panel()
    session.close()


def test_a_click_adds_the_motion_to_the_table(qtbot: QtBot, found: Study) -> None:
    session = Session(ViewerModel())
    session.show_study(found)
    panel = ParticlesPanel(session)
    qtbot.addWidget(panel)
    assert not panel.measure_motion.isHidden()
    panel.measure_motion.click()
    assert panel.error.text() == ""
    qtbot.waitUntil(lambda: session.poll() or not session.is_busy, timeout=120_000)
    table = panel.particles.table
    assert table is not None
    last = table[table["frame"] == 1]
    assert last["shift_um"].notna().any()
    assert (last["lost"].dropna().isin([0, 1])).all()
    panel.close_panel()
    session.close()


def test_a_closed_panel_shows_nothing_more(
    panel: ParticlesPanel, session: Session, write_particles: Callable[[], None]
) -> None:
    panel.close_panel()
    panel.close_panel()
    write_particles()
    session.products_changed.emit("particles")
    assert panel.particles.table is None
    assert panel.open_table.isHidden()
    assert "particles" not in session.viewer.layers

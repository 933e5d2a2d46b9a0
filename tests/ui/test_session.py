from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

from operando import Study
from operando.data import DEFAULT_CLASSES
from operando.errors import StudyError
from operando.jobs import JobState
from operando.segment import TrainSettings
from operando.steps import STEPS, make_step, run_step
from operando.study.phases import create_phases
from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from operando.samples import Electrode

TINY = TrainSettings(effort="quick", width=4, patch=16, patch_depth=8)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(ViewerModel())
    yield session
    session.close()


def _run_to_the_end(session: Session) -> None:
    while session.is_busy:
        assert session.job is not None
        session.job.wait(0.2)
        session.poll()


def test_a_study_is_shown_with_layers_that_agree(session: Session, study: Study) -> None:
    session.show_study(study)
    names = [layer.name for layer in session.viewer.layers]
    assert names == ["cell · images", "strokes"]
    units = {tuple(str(u) for u in layer.units) for layer in session.viewer.layers}
    assert units == {("dimensionless", "micrometer", "micrometer", "micrometer")}
    scales = {tuple(layer.scale) for layer in session.viewer.layers}
    assert scales == {(1.0, *study.voxel_size)}
    assert session.viewer.dims.axis_labels == ("t", "z", "y", "x")
    assert session.viewer.dims.current_step[0] == 0


def test_the_key_that_deletes_layers_spares_images_and_strokes(session: Session) -> None:
    layers = session.viewer.layers
    before = list(layers)
    layers.selection = set(layers)
    layers.remove_selected()
    assert list(layers) == before
    session.close_study()
    assert not layers


@pytest.mark.parametrize("largest", [512, 16])
def test_converted_images_are_shown_at_once(
    session: Session, tmp_path: Path, rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch, largest: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("operando.ui.layers.factory.LARGEST_VOLUME", largest)
    volume = rng.integers(0, 255, (4, 150, 20), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", volume, photometric="minisblack")
    study = Study.create(tmp_path / "study", tmp_path / "a.tif", (1, 1, 1))
    session.show_study(study)
    limits = session.viewer.layers[0].contrast_limits
    run_step(study, make_step("convert", {}))
    session.calibrate()
    images = session.viewer.layers[0]
    assert [layer.name for layer in session.viewer.layers] == ["study · images", "strokes"]
    assert images.multiscale == (largest == 16)
    assert images.contrast_limits == limits
    (tmp_path / "a.tif").unlink()
    full = images.data[0] if images.multiscale else images.data
    assert np.array_equal(np.asarray(full)[0], volume)


def test_closing_releases_the_study_and_takes_the_layers_away(
    session: Session, study: Study
) -> None:
    path = study.path
    session.show_study(study)
    with pytest.raises(StudyError, match="open elsewhere"):
        Study.open(path)
    session.close_study()
    assert len(session.viewer.layers) == 0
    assert session.study is None
    Study.open(path).close()


def test_a_session_that_is_forgotten_releases_the_study(study: Study) -> None:
    session = Session(ViewerModel())
    session.show_study(study)
    path = study.path
    del session
    import gc

    gc.collect()
    with Study.open(path) as again:
        assert again.writable


def test_strokes_come_back_when_the_study_is_opened_again(session: Session, study: Study) -> None:
    session.show_study(study)
    assert session.painter is not None
    layer = session.painter.layer
    before = session.painter.counts.voxels
    layer.data_setitem(tuple(np.array([i]) for i in (1, 2, 3, 4)), 3)
    assert session.open_study(study.path) is study
    session.close_study()
    session.open_study(study.path)
    assert session.painter.layer is not layer
    assert session.painter.layer.data[1, 2, 3, 4] == 3
    assert sum(session.painter.counts.voxels.values()) >= sum(before.values())


def test_steps_run_in_a_row(session: Session, study: Study) -> None:
    session.show_study(study)
    done: list[str] = []
    session.products_changed.connect(lambda name: done.append(name))
    session.run(
        STEPS["strain"](deformed=1, spacing=16),
        STEPS["strain"](reference=1, deformed=0, spacing=16),
    )
    with pytest.raises(StudyError, match="still running"):
        session.run(STEPS["segment"]())
    _run_to_the_end(session)
    assert session.job is not None
    assert session.job.error == ""
    assert done == ["strain", "strain"]
    assert study.products("strain") == ["000-001", "001-000"]
    assert session.status("strain").state == "done"
    session.calibrate((0.2, 0.2, 0.2))
    assert session.status("strain").state == "out of date"


def test_the_queue_goes_on_after_a_failure(session: Session, study: Study) -> None:
    session.show_study(study)
    done: list[str] = []
    session.products_changed.connect(lambda name: done.append(name))
    session.enqueue(STEPS["strain"](deformed=1, spacing=16))
    fails = (STEPS["compare"](), STEPS["segment"]())
    last, dropped = (STEPS["quality"](),), (STEPS["quality"](),)
    for steps in (fails, last, dropped):
        session.enqueue(*steps)
    session.drop(dropped)
    assert session.queue == (fails, last)
    _run_to_the_end(session)
    assert done == ["strain", "quality"]
    assert [job.step.name for job in session.failed] == ["compare"]
    assert session.queue == ()
    session.run(STEPS["quality"]())
    assert session.failed == []
    session.enqueue(*last)
    session.close_study()
    assert session.queue == ()


def test_a_segmentation_is_shown_below_the_strokes(
    session: Session, study: Study, electrode: Electrode
) -> None:
    session.show_study(study)
    labels, stored = create_phases(
        study.product_path("phases/phases"), study.series, DEFAULT_CLASSES
    )
    labels[:] = 1
    stored[:, 2] = 200
    assert session.layers is not None
    session.layers.update("segment")
    names = [layer.name for layer in session.viewer.layers]
    probabilities = [f"{c.name} probability (0–255)" for c in DEFAULT_CLASSES]
    assert names == ["cell · images", *probabilities, "phases", "strokes"]
    pore, _, particle = session.layers.probabilities
    assert not pore.visible
    assert np.all(np.asarray(particle.data[1]) == 200)
    phases = session.layers.phases
    assert phases is not None
    assert not phases.editable
    assert np.all(np.asarray(phases.data[1]) == 1)
    phases.opacity = 0.9
    labels[:] = electrode.phases
    session.layers.update("segment")
    assert session.layers.phases is phases
    assert phases.opacity == 0.9
    assert np.array_equal(np.asarray(phases.data[1]), electrode.phases[1])


def test_cancelling_forgets_the_steps_after(session: Session, study: Study) -> None:
    session.show_study(study)
    session.run(STEPS["train"](settings=TINY, device="cpu"), STEPS["segment"](device="cpu"))
    session.cancel()
    _run_to_the_end(session)
    assert session.job is not None
    assert session.job.state is JobState.CANCELLED
    assert study.entries == []


def test_closing_stops_a_running_job(session: Session, study: Study) -> None:
    session.show_study(study)
    job = session.run(STEPS["train"](settings=TINY, device="cpu"))
    session.close_study()
    assert job.state.is_over


def test_a_step_needs_a_study(session: Session) -> None:
    with pytest.raises(StudyError, match="No study is open"):
        session.run(STEPS["segment"]())


def test_another_voxel_size_moves_every_layer(session: Session, study: Study) -> None:
    session.show_study(study)
    changes: list[Any] = []
    session.study_changed.connect(lambda: changes.append(study.voxel_size))
    session.calibrate((0.2, 0.1, 0.1), (0.0, 5.0))
    assert {tuple(layer.scale) for layer in session.viewer.layers} == {(1.0, 0.2, 0.1, 0.1)}
    assert study.times == (0.0, 5.0)
    assert changes == [(0.2, 0.1, 0.1)]


def test_a_study_that_is_read_only_cannot_be_painted(session: Session, study: Study) -> None:
    study.strokes().flush()
    session.show_study(Study.open(study.path, read_only=True))
    assert session.painter is not None
    assert not session.painter.layer.editable


def test_work_for_a_study_that_was_closed_meanwhile_is_not_done(study: Study) -> None:
    waiting: list[Any] = []
    session = Session(ViewerModel(), waiting.append)
    session.show_study(study)
    session.later(lambda: done.append(session.study))
    done: list[Any] = []
    session.close_study()
    for work in waiting:
        work()
    assert done == []
    session.close()

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.data import PARTICLE_COLUMNS
from operando.study.record import Entry
from operando.ui.layers.study_results import StudyParticles, StudyStrain

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField
    from operando.samples import Electrode
    from operando.ui.session import Session


def test_particles_appear_when_they_were_found_and_go_with_the_study(
    session: Session, electrode: Electrode, write_particles: Callable[[], None]
) -> None:
    particles = StudyParticles(session)
    assert particles.table is None
    write_particles()
    session.products_changed.emit("particles")
    assert particles.table is not None
    assert len(particles.table) == len(electrode.table)
    layers = [layer.name for layer in session.viewer.layers]
    assert layers[-1] == "strokes"
    assert "particles" in layers
    np.testing.assert_array_equal(
        np.asarray(session.viewer.layers["particles"].data[1]), electrode.ids[1]
    )
    session.close_study()
    assert particles.table is None
    assert len(session.viewer.layers) == 0


def test_particles_of_a_study_that_is_open_already_are_shown(
    session: Session, write_particles: Callable[[], None]
) -> None:
    write_particles()
    particles = StudyParticles(session)
    assert particles.view.labels is not None
    layer = session.viewer.layers["particles"]
    images = session.viewer.layers[0]
    assert layer.units == images.units
    assert tuple(layer.scale) == tuple(images.scale)
    particles.close()
    assert "particles" not in session.viewer.layers


def test_fields_appear_at_their_frame(
    session: Session, uniform_stretch: Callable[..., DisplacementField]
) -> None:
    strain = StudyStrain(session)
    assert strain.pairs == []
    study = session.study
    assert study is not None
    study.write_field("000-001", uniform_stretch(0.02))
    study.add_entry(Entry(step="strain", outputs=("strain/000-001",)))
    session.products_changed.emit("strain")
    assert strain.pair == (0, 1)
    assert session.viewer.dims.current_step[0] == 1
    assert strain.view.layer is not None
    assert strain.view.layer.visible
    assert strain.view.layer.units == session.viewer.layers[0].units
    assert strain.view.layer.data[1, 1, 1, 1] == pytest.approx(100 * (1.02**3 - 1), rel=1e-4)
    session.close_study()
    assert strain.pair is None
    assert len(session.viewer.layers) == 0


def test_new_strain_is_not_covered_by_particles(
    session: Session,
    write_particles: Callable[[], None],
    uniform_stretch: Callable[..., DisplacementField],
) -> None:
    study = session.study
    assert study is not None
    write_particles()
    particles, strain = StudyParticles(session), StudyStrain(session)
    assert particles.view.labels is not None
    assert particles.view.labels.visible
    study.write_field("000-001", uniform_stretch(0.02))
    session.products_changed.emit("strain")
    assert not particles.view.labels.visible
    assert strain.view.layer is not None
    assert strain.view.layer.visible


def test_a_new_segmentation_is_not_covered_by_old_particles(
    session: Session, write_particles: Callable[[], None]
) -> None:
    write_particles()
    particles = StudyParticles(session)
    view = particles.view
    assert view.labels is not None
    view.colour_by(next(c for c in PARTICLE_COLUMNS if c.name == "volume_um3"))
    assert view.values is not None
    assert view.values.visible
    session.products_changed.emit("segment")
    assert not view.labels.visible
    assert not view.values.visible


def test_a_field_that_was_measured_anew_replaces_the_old_one(
    session: Session, uniform_stretch: Callable[..., DisplacementField]
) -> None:
    study = session.study
    assert study is not None
    study.write_field("000-001", uniform_stretch(0.02))
    strain = StudyStrain(session)
    assert strain.view.layer is None
    study.write_field("000-001", uniform_stretch(0.04, spacing=6.0))
    study.add_entry(Entry(step="strain", outputs=("strain/000-001",)))
    session.products_changed.emit("strain")
    voxel = study.voxel_size
    assert strain.view.layer is not None
    np.testing.assert_allclose(strain.view.layer.scale[1:], 6 * np.asarray(voxel))
    assert strain.field is not None
    assert strain.field.spacing == (6.0,) * 3


def test_only_fields_on_the_same_nodes_share_a_layer(
    session: Session, uniform_stretch: Callable[..., DisplacementField]
) -> None:
    study = session.study
    assert study is not None
    study.write_field("000-001", uniform_stretch(0.02))
    study.write_field("001-000", uniform_stretch(-0.02))
    strain = StudyStrain(session)
    assert strain.pairs == [(0, 1), (1, 0)]
    strain.view.show_quantity("volume_change")
    strain.show((0, 1))
    assert strain.view.layer is not None
    assert np.isnan(strain.view.layer.data[0]).all()
    assert strain.view.layer.name == "volume change (%) since frame 0"
    strain.show((1, 0))
    assert np.isnan(strain.view.layer.data[1]).all()
    strain.go_to_frame()
    assert session.viewer.dims.current_step[0] == 0

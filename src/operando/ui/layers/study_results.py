"""Particles and displacement fields of the open study, shown as they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from psygnal import Signal

from operando.files import read
from operando.report.frame_curves import field_frames
from operando.steps.particle_motion import join_motion
from operando.strain.reading.rigid_motion import without_motion
from operando.ui import navigation
from operando.ui.layers.results import hide_other_maps
from operando.ui.particles.view import ParticleView
from operando.ui.strain.running_preview import RunningPreview
from operando.ui.strain.view import StrainView, same_nodes

if TYPE_CHECKING:
    import pandas as pd

    from operando.data import DisplacementField
    from operando.study import Study
    from operando.ui.layers.results import Placement
    from operando.ui.session import Session

Removed = Literal["", "motion", "motion, stretch"]
PARTICLES = "particles"
PREVIEW = "preview"
RIGID: Removed = "motion"
RIGID_AND_STRETCH: Removed = "motion, stretch"


class StudyParticles:
    """Keeps the canvas in step with the particles of the open study.

    Parameters
    ----------
    session
        Study and viewer.

    Attributes
    ----------
    view : ParticleView
        The particles in the canvas.
    table : pandas.DataFrame or None
        One row per frame and particle.
    """

    changed = Signal()
    """Other particles are shown, or none any more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.view = ParticleView(session.viewer)
        self.table: pd.DataFrame | None = None
        self.view.brought_back.connect(self._raise_strokes)
        session.study_changed.connect(self._on_study)
        session.products_changed.connect(self._on_products)
        self.refresh()

    def close(self) -> None:
        """Take the layers away and listen no more."""
        self._session.study_changed.disconnect(self._on_study)
        self._session.products_changed.disconnect(self._on_products)
        self.view.close()

    def refresh(self) -> None:
        """Show what the study holds now."""
        study, layers = self._session.study, self._session.layers
        self.view.clear()
        self.table = None
        if study is not None and layers is not None and self._is_there():
            self.table = join_motion(study, study.table(PARTICLES))
            product = f"particles/{PARTICLES}"
            ids, measured = study.open_array(product), read(study.product_path(product)).voxel_size
            self.view.show(ids, self.table, PARTICLES, layers.placement, measured)
            self._raise_strokes()
        self.changed.emit()

    def _raise_strokes(self) -> None:
        if self._session.layers is not None:
            self._session.layers.raise_strokes()

    def _is_there(self) -> bool:
        study = self._session.study
        return study is not None and all(
            PARTICLES in study.products(folder) for folder in ("particles", "tables")
        )

    def _on_study(self) -> None:
        """Take away what a closed study showed at once; show another one when there is time."""
        if self._session.study is None:
            self.refresh()
        else:
            self._session.later(self.refresh)

    def _on_products(self, step_name: str) -> None:
        if step_name == "particles":
            self.refresh()
            _hide_phases(self._session)
            hide_other_maps(self._session.viewer, self.view.labels)
        elif step_name == "particle-motion":
            self.refresh()
        elif step_name in ("segment", "strain"):
            self.view.hide()


class StudyStrain:
    """Keeps the canvas in step with the displacement fields of the open study.

    A field that was just measured is shown at once, and while it is measured a preview of it; those
    of a study that was opened wait until they are asked for.

    Parameters
    ----------
    session
        Study and viewer.

    Attributes
    ----------
    view : StrainView
        The field in the canvas.
    pair : tuple of int or None
        Reference and deformed frame of the field that was asked for last.
    preview : RunningPreview
        Shown instead of what the study holds while it has a field.
    """

    changed = Signal()
    """Another field is shown, or none any more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fields: dict[str, DisplacementField] = {}
        self.view = StrainView(session.viewer)
        self.pair: tuple[int, int] | None = None
        self._removed: Removed = ""
        self.preview = RunningPreview(session)
        self.preview.changed.connect(self._on_preview)
        session.study_changed.connect(self._on_study)
        session.products_changed.connect(self._on_products)
        self._on_study()

    def close(self) -> None:
        """Take the layers away and listen no more."""
        self._session.study_changed.disconnect(self._on_study)
        self._session.products_changed.disconnect(self._on_products)
        self.preview.close()
        self.view.close()

    @property
    def study(self) -> Study | None:
        """The study that is open."""
        return self._session.study

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Reference and deformed frame of every field in the study."""
        study = self._session.study
        names = study.products("strain") if study else []
        return [pair for pair in map(field_frames, names) if pair is not None]

    @property
    def field(self) -> DisplacementField | None:
        """The field of the pair that is shown, as it is shown; never a preview."""
        known = self.pair is not None and self.preview.field is None
        return self._read(self.pair) if known and self.pair else None

    @property
    def measured(self) -> DisplacementField | None:
        """The field of the pair that is shown, as the study keeps it."""
        study = self._session.study
        known = study is not None and self.preview.field is None
        return study.field(field_name(self.pair)) if known and study and self.pair else None

    @property
    def placement(self) -> Placement:
        """Where layers of the study lie."""
        layers = self._session.layers
        return layers.placement if layers is not None else {}

    def remove(self, motion: Removed) -> None:
        """Take the motion of the whole sample out of what is shown; the study keeps it."""
        self._removed = motion
        self._fields.clear()
        if self.preview.field is not None:
            self._show_preview()
        elif self.pair is not None:
            self.show(self.pair)

    def refresh(self) -> None:
        """Show what the study holds now: the last pair there was, or the last of all."""
        self._fields.clear()
        self.preview.clear()
        pairs = self.pairs
        if not pairs:
            self.view.clear()
            self.pair = None
            self.changed.emit()
            return
        self.show(self.pair if self.pair in pairs else pairs[-1])

    def show(self, pair: tuple[int, int]) -> None:
        """Show a field and those of other frames since the same one and on the same nodes."""
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None:
            return
        self.pair = pair
        reference = pair[0]
        chosen = self._read(pair)
        fields = {
            t: field
            for r, t in self.pairs
            if r == reference and same_nodes(field := self._read((r, t)), chosen)
        }
        self.view.show(
            fields,
            reference,
            len(study.times),
            study.voxel_size,
            layers.placement,
            self._removed,
        )
        layers.raise_strokes()
        self.changed.emit()

    def go_to_frame(self) -> None:
        """Go to the frame in which the chosen field is seen."""
        if self.pair is not None:
            navigation.go_to_frame(self._session.viewer, self.pair[1])

    def _read(self, pair: tuple[int, int]) -> DisplacementField:
        study = self._session.study
        name = field_name(pair)
        if study is None:
            raise KeyError(name)
        if name not in self._fields:
            self._fields[name] = self._without_motion(study.field(name), study)
        return self._fields[name]

    def _without_motion(self, field: DisplacementField, study: Study) -> DisplacementField:
        if not self._removed or np.count_nonzero(field.valid) < 3:
            return field
        scale = self._removed == RIGID_AND_STRETCH
        return without_motion(field, scale=scale, voxel_size=study.voxel_size)

    def _on_preview(self) -> None:
        """Show a new preview; without one any more, what the study holds."""
        first = self.view.note == ""
        if self.preview.field is None:
            self.refresh()
            return
        self.view.visible = True
        self._show_preview()
        if first and self.preview.pair is not None:
            _hide_phases(self._session)
            navigation.go_to_frame(self._session.viewer, self.preview.pair[1])

    def _show_preview(self) -> None:
        study, layers, preview = self._session.study, self._session.layers, self.preview
        if study is None or layers is None or preview.field is None or preview.pair is None:
            return
        reference, deformed = preview.pair
        self.view.show(
            {deformed: self._without_motion(preview.field, study)},
            reference,
            len(study.times),
            study.voxel_size,
            layers.placement,
            self._removed,
            note=PREVIEW,
        )
        layers.raise_strokes()
        self.changed.emit()

    def _on_study(self) -> None:
        """Show nothing over the images of a study that was just opened."""
        self.view.visible = False
        if self._session.study is None:
            self.refresh()
        else:
            self._session.later(self.refresh)

    def _on_products(self, step_name: str) -> None:
        if step_name != "strain" or self._session.study is None:
            return
        measured = [e for e in self._session.study.entries if e.step == "strain"]
        made = field_frames(measured[-1].outputs[0].partition("/")[2]) if measured else None
        self.pair = made or self.pair
        self.view.visible = True
        self.refresh()
        _hide_phases(self._session)
        self.go_to_frame()


def _hide_phases(session: Session) -> None:
    """Hide the phases, whose colours would mix with those of later results."""
    if session.layers is not None and session.layers.phases is not None:
        session.layers.phases.visible = False


def field_name(pair: tuple[int, int]) -> str:
    """Name the field from one frame to another, as the study keeps it."""
    return f"{pair[0]:03d}-{pair[1]:03d}"

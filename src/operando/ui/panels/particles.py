"""The panel that finds particles and follows them through time."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGroupBox, QHBoxLayout, QPushButton, QVBoxLayout

from operando.steps import STEPS, make_step
from operando.steps.particles import summarise
from operando.steps.phase_names import PhaseNames
from operando.ui.dock.section import Mark
from operando.ui.dock.widgets import add_dock, raise_dock, remove_dock
from operando.ui.forms.form import SettingsForm
from operando.ui.layers.images_read import images_read
from operando.ui.layers.study_results import StudyParticles
from operando.ui.panels.run_panel import RunPanel
from operando.ui.particles.corrector import NAME
from operando.ui.particles.damage import DamageLayer
from operando.ui.particles.editor import ParticleEditor
from operando.ui.particles.outdated import OutdatedSteps
from operando.ui.particles.paths import PathLayers
from operando.ui.particles.score import ScoreBox
from operando.ui.particles.table import ParticleTable
from operando.ui.particles.teacher import STEP, SplitterTeacher
from operando.ui.theme import plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session

_PHASES = "phases"
_PARTICLES = f"particles/{NAME}"
"""Settings of the step that found particles which their maps go by."""


class ParticlesPanel(RunPanel):
    """Finds particles, and opens their table.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.

    Attributes
    ----------
    particles : StudyParticles
        What is shown in the canvas.
    table : ParticleTable or None
        The dock, while it is open.
    editor : ParticleEditor
        Buttons that correct particles by hand.
    teacher : SplitterTeacher
        Button that lets the splitter learn from them.
    """

    title = "Particles"
    step_name = "particles"
    hears_clicks = True
    job_names = side_jobs = ("damage", "particle-motion", STEP)
    sentence = "Part touching particles, follow each one through time, and measure it."
    button_text = "Find and follow particles"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.table: ParticleTable | None = None
        self._corrected: tuple[str, dict[str, float]] | None = None
        self._segmented = ""
        self.particles = StudyParticles(session)
        self.open_table = QPushButton("Show table and plots")
        self.open_table.setToolTip("Open the particles dock: table, colours and plots")
        self.editor = ParticleEditor(session, self.particles.view)
        self.correct = QGroupBox("Correct by hand")
        self.teacher = SplitterTeacher(session, self.editor.corrector)
        self.teacher.wanted.connect(self._on_learn)
        column = QVBoxLayout(self.correct)
        column.addWidget(self.editor)
        column.addWidget(self.teacher)
        self.map_damage = QPushButton("Map cracks")
        self.map_damage.setToolTip(
            "Crack surface per volume, as a layer, profiles along depth, and grey levels at cracks"
        )
        self.map_damage.clicked.connect(self._on_map_damage)
        self.map_paths = QPushButton("Electron paths")
        self.map_paths.setToolTip(
            "Way of electrons to every voxel, as a layer; lines in the selected particle"
        )
        self.map_paths.clicked.connect(self._on_map_paths)
        self.measure_motion = QPushButton("Measure motion")
        self.measure_motion.setToolTip(
            "Shift, rotation, volume change and contacts of every particle by correlation, as "
            "columns of the table"
        )
        self.measure_motion.clicked.connect(self._on_measure_motion)
        self.damage = DamageLayer(session)
        self.paths = PathLayers(session, self.particles.view)
        more = QHBoxLayout()
        more.addWidget(self.open_table, 1)
        more.addWidget(self.map_damage)
        more.addWidget(self.map_paths)
        self.column.addLayout(more)
        self.column.addWidget(self.measure_motion)
        self.outdated = OutdatedSteps(session, "particles")
        self.column.addWidget(self.outdated)
        self.column.addWidget(self.correct)
        self.score = ScoreBox(session, self.particles.view)
        self.column.addWidget(self.score)
        self.editor.edited.connect(self._on_edited)
        self.open_table.clicked.connect(self.show_table)
        self.particles.changed.connect(self._on_particles)
        session.study_changed.connect(self._on_study)
        session.products_changed.connect(self._on_products)
        session.viewer.events.theme.connect(self._on_theme)
        self.refresh()

    def make_form(self) -> SettingsForm:
        """Ask for the phase; lengths are found by themselves unless they are given."""
        return SettingsForm(
            STEPS["particles"],
            up_front=("phase", "split.smallest_diameter"),
            hidden=("particles", "names"),
            choices={"phase": [("particle", "particle")], _PHASES: [(_PHASES, _PHASES)]},
        )

    def obstacle(self) -> str:
        """Say what is missing."""
        return super().obstacle() or ("" if self._classes() else "Segment first.")

    def images_to_use(self, sets: Sequence[str]) -> str:
        """Choose the images that were segmented: in others particles may lie elsewhere."""
        return self._segmented_images() or super().images_to_use(sets)

    def results(self) -> str:
        """How many there are, how many were followed and cracked, and how large they are."""
        status = self.status
        if status is None or status.entry is None:
            return ""
        summary, values = status.summary, status.entry.values
        if self._corrected is not None and status.state == "done":
            summary, values = self._corrected
        lines = [escape(summary)]
        if values.get("particles") and values.get("median_diameter_um"):
            lines.append(
                f"{values['particles']:.0f} particles in all, "
                f"median diameter {values['median_diameter_um']:.2f} µm"
            )
        return "<br>".join(lines)

    def state(self) -> tuple[Mark, str]:
        """Sign and result in a few words, with what was corrected by hand."""
        mark, text = super().state()
        if self._corrected is not None and mark is Mark.DONE:
            text = self._corrected[0]
        return mark, text

    def refresh(self) -> None:
        """Show the phases there are, and what was found."""
        super().refresh()
        classes = self._classes()
        segmented = self._segmented_images()
        if segmented and segmented != self._segmented:
            self.form.choose("images", segmented)
        self._segmented = segmented
        if classes:
            wanted = self.form.value().phase
            self.form.set_choices("phase", [(name, name) for name in classes])
            self.form.choose("phase", wanted if wanted in classes else likely_phase(classes))
            made = self.session.study.products(_PHASES)
            self.form.set_choices(_PHASES, [(name, name) for name in made])
        there = self.particles.table is not None
        self.open_table.setVisible(there)
        self.correct.setVisible(there)
        self.map_damage.setVisible(there)
        self.measure_motion.setVisible(there and self._n_frames() > 1 and not self._is_flat())
        self.map_paths.setVisible(there)
        self.score.refresh()

    def refresh_job(self) -> None:
        """Show how far the job is; particles are not corrected while it runs."""
        super().refresh_job()
        self.editor.refresh()
        for button in (self.map_damage, self.measure_motion):
            button.setEnabled(self.primary.isEnabled())
        self.map_paths.setEnabled(self.primary.isEnabled())
        self.outdated.refresh()
        self.teacher.refresh()

    def show_table(self) -> None:
        """Open the particles dock, or bring it to the front; a deleted layer is put back."""
        self.particles.view.bring_back()
        if self.table is not None:
            raise_dock(self.table)
            return
        table = ParticleTable(self.particles.view)
        if not add_dock(self.session.viewer, table, "Particles", "bottom"):
            table.unlink()
            return
        self.table = table
        table.closed.connect(self._on_table_closed)
        self._on_theme()
        self._fill_table()

    def close_panel(self) -> None:
        """Let go of viewer and session."""
        self.particles.changed.disconnect(self._on_particles)
        self.session.study_changed.disconnect(self._on_study)
        self.session.products_changed.disconnect(self._on_products)
        self.session.viewer.events.theme.disconnect(self._on_theme)
        if self.table is not None:
            remove_dock(self.session.viewer, self.table)
        self.editor.close_editor()
        self.damage.clear()
        self.paths.close()
        self.score.close_box()
        self.particles.close()
        super().close_panel()

    def _classes(self) -> list[str]:
        study = self.session.study
        if study is None or _PHASES not in study.products(_PHASES):
            return []
        return [label_class.name for label_class in study.phase_classes(_PHASES)]

    def _count(self) -> None:
        """Count the particles anew if they were corrected by hand since they were found."""
        table = self.particles.table
        corrected = table is not None and self.editor.corrector.can_undo
        self._corrected = summarise(table, self._n_frames()) if corrected else None

    def _fill_table(self) -> None:
        if self.table is not None:
            self._feed_gallery()
            self.table.set_table(self.particles.table, max(self._n_frames(), 1))
            self._feed_crack_grey()

    def _feed_crack_grey(self) -> None:
        study, name = self.session.study, "particles-crack-grey"
        if self.table is not None:
            there = study is not None and name in study.products("tables")
            self.table.plot.set_crack_grey(study.table(name) if study and there else None)

    def _feed_gallery(self) -> None:
        study, layers, view = self.session.study, self.session.layers, self.particles.view
        if self.table is None or study is None or layers is None or view.labels is None:
            return
        images, channel = images_read(study, _PARTICLES)
        self.table.gallery.model.set_source(
            study.image_series(images).data[:, channel],
            study.open_array(_PARTICLES),
            view.spacing,
            tuple(layers.image_of(images, channel).contrast_limits),
        )

    def _on_edited(self, table: pd.DataFrame) -> None:
        self.particles.table = table
        self._count()
        self._fill_table()
        self.score.forget()
        self.session.edited()
        self.refresh()

    def _on_particles(self) -> None:
        self.editor.forget()
        self._count()
        self._fill_table()
        self.refresh()

    def _on_study(self) -> None:
        """Take the maps of another study, or of another voxel size, away; offer those there are."""
        self._segmented = self._segmented_images()
        self.damage.clear()
        self.paths.clear()
        self.session.later(self._offer_maps)

    def _offer_maps(self) -> None:
        self.damage.show(visible=False)
        self.paths.show(visible=False)

    def _on_products(self, step_name: str) -> None:
        if step_name == self.step_name:
            self.score.forget()
            self.damage.clear()
            self.paths.clear()
            self.show_table()
        elif step_name == "damage":
            self.damage.show()
            self.paths.show()
            self._feed_crack_grey()
        elif step_name == "particle-motion":
            self.show_table()
        elif step_name == STEP:
            learned = {"joining": "corrections"}
            self.form.setValue(self.form.value().model_copy(update=learned))
            self.refresh()

    def _on_map_damage(self) -> None:
        self.run([make_step("damage", {})])

    def _on_map_paths(self) -> None:
        self.run([make_step("damage", {"paths": True})])

    def _on_measure_motion(self) -> None:
        self.run([make_step("particle-motion", {})])

    def _on_learn(self) -> None:
        self.run([STEPS[STEP]()])

    def _segmented_images(self) -> str:
        """Image set that the phases were made of; empty where there are none."""
        study = self.session.study
        if study is None or not self._classes():
            return ""
        return images_read(study, f"phases/{_PHASES}")[0]

    def _is_flat(self) -> bool:
        study = self.session.study
        return study is not None and study.series.volume_shape[0] == 1

    def _n_frames(self) -> int:
        study = self.session.study
        return len(study.times) if study is not None else 0

    def _on_theme(self) -> None:
        if self.table is not None:
            self.table.plot.set_colours(*plot_colours(self.session.viewer))

    def _on_table_closed(self) -> None:
        if self.table is not None:
            self.table.deleteLater()
            self.table = None


def likely_phase(classes: Sequence[str]) -> str:
    """Choose the class that particles consist of by its name: the last that is nothing else."""
    others = set(PhaseNames().model_dump().values())
    return next((name for name in reversed(classes) if name not in others), classes[-1])

"""Correct the particles of a study by hand: ids, table, undo and redo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operando.compute.progress import Stopwatch
from operando.errors import InputError, OperandoError, StudyError
from operando.steps.corrected_ids import CorrectedIds
from operando.steps.corrected_tables import CorrectedTables
from operando.steps.measured_volumes import MeasuredVolumes, check_voxels
from operando.steps.particle_places import ParticlePlaces
from operando.study.edits import EditLog, accepted_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.particles.edits import Edit, Point
    from operando.steps.particle_settings import ParticleSettings
    from operando.study import Study
    from operando.study.edits import Accepted, Record, Touched


@dataclass(frozen=True)
class Change:
    """What a correction changed.

    Parameters
    ----------
    edit
        The correction.
    particles
        Ids in and beside what changed, in all frames.
    frames
        Where.
    """

    edit: Edit
    particles: tuple[int, ...]
    frames: tuple[int, ...]


class Corrections:
    """Corrections of the particles of a study; every one is on disk when a method returns.

    Parameters
    ----------
    study
        Open for writing, with particles.
    step
        The step that found the particles: phases, names and definitions.

    Raises
    ------
    StudyError
        If the study is read-only, has no particles, or other voxels than they were measured with.
    """

    def __init__(self, study: Study, step: ParticleSettings) -> None:
        if not study.writable:
            raise StudyError("The study is open for reading only", "open it to correct particles")
        check_voxels(study, step.particles)
        self._voxel_size = study.voxel_size
        volumes = MeasuredVolumes.of(study, step)
        self._tables = CorrectedTables(study, step, volumes)
        self._log = EditLog(study.path, step.particles)
        self._array = volumes.ids
        self._ids = CorrectedIds(volumes, self._log, step.measure.contact_reach)
        cut_short = self._ids.settle(self._places())
        if cut_short:
            self._measure(cut_short)

    @property
    def table(self) -> pd.DataFrame:
        """The particles as they are now, one row per frame and particle."""
        return self._tables.particles

    @property
    def can_undo(self) -> bool:
        """Whether there is a correction to take back."""
        return bool(self._log.edits)

    @property
    def can_redo(self) -> bool:
        """Whether there is one to bring back."""
        return bool(self._log.undone)

    @property
    def edits(self) -> list[Edit]:
        """Corrections that hold, in order."""
        return self._log.edits

    def anchor(self, particle: int, frame: int) -> Point:
        """Voxel of a particle that lies deepest in it, by which corrections name it."""
        return self._ids.anchor(particle, frame, self._places())

    def particle_at(self, point: Point, frame: int) -> int:
        """Id at a voxel; 0 if there is no particle."""
        return self._ids.at(point, frame)

    def apply(self, edit: Edit) -> Change:
        """Do a correction.

        Raises
        ------
        InputError
            If there is nothing at the points or it makes no sense; nothing is changed then.
        """
        accepted = tuple(self._ids_at(edit)) if edit.kind == "accept" else ()
        try:
            touched = self._do(edit)
            change = self._changed(edit, touched, [accepted_by(edit, accepted)])
        except OperandoError:
            self._log.take_back(self._array)
            raise
        self._log.add(edit, touched, accepted)
        return change

    def undo(self) -> Change | None:
        """Take the last correction back; None if there is none."""
        return self._again(self._log.undo)

    def redo(self) -> Change | None:
        """Do the correction that was taken back last again; None if there is none."""
        return self._again(self._log.redo)

    def reapply(self, progress: ProgressCallback | None = None) -> int:
        """Do all corrections on particles that were found anew; returns how many did not fit.

        What is so already counts as accepted: the splitter has learned it, or sees it by itself.
        """
        self._tables.start_over()
        edits = self._log.start_over()
        watch = Stopwatch(progress, len(edits), "corrections", "Doing corrections again")
        lost = 0
        for edit in edits:
            try:
                self.apply(edit)
            except InputError:
                if self._is_so_already(edit):
                    self.apply(edit.model_copy(update={"kind": "accept"}))
                else:
                    lost += 1
                self._log.give_up(edit)
            watch.advance()
        return lost

    def _is_so_already(self, edit: Edit) -> bool:
        """Whether particles that were merged are one, or seeds of a split lie in two."""
        try:
            found = set(self._ids_at(edit.model_copy(update={"kind": "accept"})))
        except InputError:
            return False
        return len(found) == {"merge": 1, "split": 2}.get(edit.kind)

    def _again(self, step: Callable[[Any], Record | None]) -> Change | None:
        record = step(self._array)
        if record is None:
            return None
        change = self._changed(record.edit, record.touched)
        self._log.save()
        return change

    def _do(self, edit: Edit) -> Touched:
        labels = list(dict.fromkeys(self._ids_at(edit)))
        if edit.kind == "accept":
            return {}
        if edit.kind == "merge" and len(labels) < 2:
            raise InputError("There is only one particle at these points", "choose two particles")
        if edit.kind == "split":
            self._check_seeds(edit, labels[0])
        places = self._places()
        new = places.largest_id + 1
        touched: Touched = {}
        for frame in self._frames(edit, labels):
            try:
                touch = self._ids.change(edit, frame, labels, new, places)
            except InputError:
                if frame == edit.frame:
                    raise
            else:
                if touch is not None:
                    touched[frame] = touch
        return touched

    def _ids_at(self, edit: Edit) -> list[int]:
        points = edit.points[:1] if edit.kind in ("split", "cut") else edit.points
        found = [self.particle_at(point, edit.frame) for point in points]
        if 0 in found and edit.kind != "grow":
            raise InputError("There is no particle at a point", "click on a particle")
        return found

    def _check_seeds(self, edit: Edit, label: int) -> None:
        other = self.particle_at(edit.points[1], edit.frame)
        if other not in (label, 0):
            raise InputError(
                f"The places lie in two particles ({label} and {other})",
                "click on two parts of one",
            )

    def _frames(self, edit: Edit, labels: Collection[int]) -> list[int]:
        if not edit.through_time:
            return [edit.frame]
        if edit.kind == "grow" and not any(labels):
            return list(range(self._ids.n_frames))
        return sorted({edit.frame, *self._places().frames_of(labels)})

    def _places(self) -> ParticlePlaces:
        return ParticlePlaces(self.table, self._ids.shape, self._voxel_size)

    def _changed(self, edit: Edit, touched: Touched, accepted: Sequence[Accepted] = ()) -> Change:
        self._measure(touched, accepted)
        found = {p for touch in touched.values() for p in touch.ids}
        particles = sorted(found) if touched else self._ids_at(edit)
        return Change(edit, tuple(particles), tuple(sorted(touched)) or (edit.frame,))

    def _measure(self, touched: Touched, accepted: Sequence[Accepted] = ()) -> None:
        """Measure what was touched again, and write the tables with what is accepted, now too."""
        places, measured = self._places(), {}
        for frame, touch in touched.items():
            near, crop = self._ids.crop(touch.ids, frame, places, touch.box)
            measured[frame] = self._tables.measure(frame, set(touch.ids), near, crop)
        self._tables.write(measured, [*self._log.accepted, *accepted])

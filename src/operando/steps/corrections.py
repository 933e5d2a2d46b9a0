"""Correct the particles of a study by hand: ids, table, undo and redo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError, OperandoError, StudyError
from operando.particles import edits as editing
from operando.particles.closing import distance
from operando.steps.corrected_tables import CorrectedTables
from operando.steps.measured_volumes import CENTRE, MeasuredVolumes
from operando.study.edits import EditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from operando.particles.body import Box
    from operando.particles.edits import Edit
    from operando.steps.particles import FindParticles
    from operando.study import Study
    from operando.study.edits import Record, Touched

GROW_DIAMETERS = 2.0
"""A particle is grown anew within so many median diameters of its seed."""

SEED_REACH = 0.2
"""In other frames the seed is the nearest free solid within so many median diameters."""


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
        If the study is read-only or has no particles.
    """

    def __init__(self, study: Study, step: FindParticles) -> None:
        if not study.writable:
            raise StudyError("The study is open for reading only", "open it to correct particles")
        self._study = study
        self._step = step
        self._volumes = MeasuredVolumes.of(study, step)
        self._tables = CorrectedTables(study, step, self._volumes)
        self._ids = self._volumes.ids
        self._log = EditLog(study.path, step.particles)

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

    def anchor(self, particle: int, frame: int) -> editing.Point:
        """Voxel of a particle that lies deepest in it, by which corrections name it."""
        box, crop = self._crop(particle, frame)
        mask = crop == particle
        if not mask.any():
            raise InputError(
                f"There is no particle {particle} in frame {frame}", "choose one of its particles"
            )
        deepest = np.unravel_index(distance(mask, (1, 1, 1)).argmax(), mask.shape)
        z, y, x = (int(d) + s.start for d, s in zip(deepest, box, strict=True))
        return z, y, x

    def apply(self, edit: Edit) -> Change:
        """Do a correction.

        Raises
        ------
        InputError
            If there is nothing at the points or it makes no sense; nothing is changed then.
        """
        try:
            touched = self._do(edit)
        except OperandoError:
            self._log.take_back(self._ids)
            raise
        self._log.add(edit, touched)
        return self._changed(edit, touched)

    def undo(self) -> Change | None:
        """Take the last correction back; None if there is none."""
        return self._again(self._log.undo)

    def redo(self) -> Change | None:
        """Do the correction that was taken back last again; None if there is none."""
        return self._again(self._log.redo)

    def reapply(self) -> int:
        """Do all corrections on particles that were found anew; returns how many did not fit."""
        self._tables.start_over()
        lost = 0
        for edit in self._log.start_over():
            try:
                self.apply(edit)
            except InputError:
                lost += 1
        return lost

    def _again(self, step: Callable[[Any], Record | None]) -> Change | None:
        record = step(self._ids)
        if record is None:
            return None
        if record.edit.kind == "accept":
            self._accept(record.edit, accepted=record.edit in self._log.edits)
        return self._changed(record.edit, record.touched)

    def _do(self, edit: Edit) -> Touched:
        labels = list(dict.fromkeys(self._ids_at(edit)))
        if edit.kind == "accept":
            self._accept(edit, accepted=True)
            return {}
        if edit.kind == "merge" and len(labels) < 2:
            raise InputError("There is only one particle at these points", "choose two particles")
        new = int(self.table["particle"].max()) + 1 if len(self.table) else 1
        touched: Touched = {}
        for frame in self._frames(edit, labels):
            try:
                touched[frame] = self._change_frame(edit, frame, labels, new)
            except InputError:
                if frame == edit.frame:
                    raise
        return touched

    def _change_frame(self, edit: Edit, frame: int, labels: list[int], new: int) -> tuple[int, ...]:
        if edit.kind == "grow":
            return self._grow(edit, frame, labels[0], new)
        box, crop = self._crop(labels, frame)
        corner = np.array([s.start for s in box])
        shift = self._shift(labels[0], edit.frame, frame) - corner
        points = [np.asarray(point) + shift for point in edit.points]
        if edit.kind == "merge":
            after = editing.merge(crop, labels)
        elif edit.kind == "delete":
            after = editing.delete(crop, labels)
        elif edit.kind == "split":
            spacing = self._study.voxel_size
            after = editing.split_at_seeds(crop, labels[0], points, new, spacing)
        else:
            after = editing.cut_along_line(crop, labels[0], points[1:], edit.axis, new)
        return self._write(frame, box, crop, after)

    def _grow(self, edit: Edit, frame: int, label: int, new: int) -> tuple[int, ...]:
        """Grow a particle, or one that is new, around where its seed has moved to."""
        size = np.asarray(self._study.voxel_size)
        typical = float(self.table["diameter_um"].median()) if len(self.table) else 0.0
        guide = label or self._nearest(edit.points[0], edit.frame, frame)
        seed = np.asarray(edit.points[0]) + self._shift(guide, edit.frame, frame)
        reach = np.ceil(GROW_DIAMETERS * typical / size)
        low = np.clip(np.floor(seed - reach), 0, np.array(self._ids.shape[1:]) - 1).astype(int)
        high = np.clip(np.ceil(seed + reach) + 1, low + 1, self._ids.shape[1:]).astype(int)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        crop = np.asarray(self._ids[frame, z, y, x])
        solid = self._volumes.solid(frame, (z, y, x))
        free = solid & ((crop == 0) | (crop == label))
        strays = 0.0 if frame == edit.frame else typical * SEED_REACH
        local = editing.nearest_voxel(free, seed - low, self._study.voxel_size, strays)
        return self._write(frame, (z, y, x), crop, editing.grow(crop, solid, local, label or new))

    def _nearest(self, point: editing.Point, frame: int, to: int) -> int:
        """Find the particle nearest to a voxel that is in both frames; 0 if there is none."""
        both = self.table.loc[self.table["frame"] == to, "particle"]
        here = self.table[(self.table["frame"] == frame) & self.table["particle"].isin(both)]
        if here.empty:
            return 0
        gaps = here[CENTRE].to_numpy(float) - np.asarray(point) * self._study.voxel_size
        return int(here["particle"].iloc[int((gaps**2).sum(axis=1).argmin())])

    def _write(
        self, frame: int, box: Box, before: NDArray[Any], after: NDArray[Any]
    ) -> tuple[int, ...]:
        """Write a crop; returns the ids in and beside what changed, before and after."""
        from scipy.ndimage import binary_dilation

        changed = before != after
        if not changed.any():
            return ()
        self._log.change(self._ids, (slice(frame, frame + 1), *box), after[None])
        reach = self._step.measure.contact_reach / min(self._study.voxel_size)
        beside = binary_dilation(changed, iterations=1 + int(np.ceil(reach)))
        found = np.unique(np.concatenate([before[beside], after[beside]]))
        return tuple(int(i) for i in found if i > 0)

    def _ids_at(self, edit: Edit) -> list[int]:
        if edit.frame >= self._ids.shape[0]:
            raise InputError(f"There is no frame {edit.frame}", "frames count from 0")
        points = edit.points[:1] if edit.kind in ("split", "cut") else edit.points
        shape = self._ids.shape[1:]
        if any(not 0 <= p < n for point in points for p, n in zip(point, shape, strict=True)):
            raise InputError("A point lies outside the image", "click inside")
        found = [int(self._ids[(edit.frame, *point)]) for point in points]
        if 0 in found and edit.kind != "grow":
            raise InputError("There is no particle at a point", "click on a particle")
        return found

    def _frames(self, edit: Edit, labels: Iterable[int]) -> list[int]:
        if not edit.through_time:
            return [edit.frame]
        if edit.kind == "grow" and not any(labels):
            return list(range(self._ids.shape[0]))
        rows = self.table[self.table["particle"].isin(list(labels))]
        return sorted({edit.frame, *(int(t) for t in rows["frame"])})

    def _row(self, particle: int, frame: int) -> pd.Series | None:
        rows = self.table[(self.table["particle"] == particle) & (self.table["frame"] == frame)]
        return rows.iloc[0] if len(rows) else None

    def _shift(self, particle: int, frame: int, to: int) -> NDArray[np.float64]:
        """How far a particle moved between two frames, voxels."""
        here, there = self._row(particle, frame), self._row(particle, to)
        if here is None or there is None:
            return np.zeros(3)
        move = there[CENTRE].to_numpy(float) - here[CENTRE].to_numpy(float)
        return np.asarray(move / self._study.voxel_size)

    def _crop(self, particles: int | list[int], frame: int) -> tuple[Box, NDArray[np.int32]]:
        """Box that holds particles wholly, and the ids in it, without reading the whole frame."""
        wanted = [particles] if isinstance(particles, int) else particles
        rows = [row for row in (self._row(p, frame) for p in wanted) if row is not None]
        shape = self._ids.shape[1:]
        whole = (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))
        longest = np.array([[row.get("feret_max_um", np.nan)] for row in rows], float)
        if not rows or np.isnan(longest).any():  # tables of earlier versions know no diameter
            return whole, np.asarray(self._ids[frame])
        size = np.asarray(self._study.voxel_size)
        centres = np.array([row[CENTRE].to_numpy(float) for row in rows]) / size
        reach = longest / size + 2
        low = np.maximum(np.floor((centres - reach).min(0)), 0).astype(int)
        high = np.minimum(np.ceil((centres + reach).max(0)) + 1, shape).astype(int)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return (z, y, x), np.asarray(self._ids[frame, z, y, x])

    def _accept(self, edit: Edit, *, accepted: bool) -> None:
        frame = None if edit.through_time else edit.frame
        self._tables.accept(self._ids_at(edit), frame, accepted=accepted)

    def _changed(self, edit: Edit, touched: Touched) -> Change:
        """Measure what was touched again, and write the tables."""
        for frame, labels in touched.items():
            near, crop = self._crop(sorted(labels), frame)
            self._tables.measure(frame, set(labels), near, crop)
        self._tables.write()
        particles = (
            sorted({p for ids in touched.values() for p in ids}) if touched else self._ids_at(edit)
        )
        return Change(edit, tuple(particles), tuple(sorted(touched)) or (edit.frame,))

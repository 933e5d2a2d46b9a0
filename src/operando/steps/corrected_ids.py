"""The ids of particles that are corrected by hand, frame by frame and box by box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.particles import edits as editing
from operando.particles.cutting.ground import crack_width
from operando.particles.labels.boxes import grown
from operando.particles.labels.closing import distance
from operando.steps.particle_places import joined, shifted, whole
from operando.study.edits import Touch

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from operando.particles.edits import Edit
    from operando.particles.labels.boxes import Box
    from operando.steps.measured_volumes import MeasuredVolumes
    from operando.steps.particle_places import ParticlePlaces
    from operando.study.edits import EditLog, Ranges

GROW_DIAMETERS = 2.0
"""A particle is grown anew within so many median diameters of its seed; without any, anywhere."""

SEED_REACH = 0.2
"""In other frames the seed is the nearest free solid within so many median diameters."""


class CorrectedIds:
    """Ids of a study that are changed so that it can be taken back.

    Parameters
    ----------
    volumes
        Ids, and the solid that particles grow over.
    log
        Takes what is changed.
    contact_reach
        Particles so far beside a change (µm) count as touched.
    """

    def __init__(self, volumes: MeasuredVolumes, log: EditLog, contact_reach: float) -> None:
        self._volumes, self._log = volumes, log
        self._ids = volumes.ids
        self._voxel_size = volumes.study.voxel_size
        self._margin = 1 + int(np.ceil(contact_reach / min(self._voxel_size)))

    @property
    def n_frames(self) -> int:
        """Of the series."""
        return int(self._ids.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """``(Z, Y, X)`` of a frame."""
        return tuple(self._ids.shape[1:])

    def anchor(self, particle: int, frame: int, places: ParticlePlaces) -> editing.Point:
        """Voxel of a particle that lies deepest in it, by which corrections name it."""
        box, crop = self.crop([particle], frame, places)
        mask = crop == particle
        if not mask.any():
            raise InputError(
                f"There is no particle {particle} in frame {frame}", "choose one of its particles"
            )
        deepest = np.unravel_index(distance(mask, (1, 1, 1)).argmax(), mask.shape)
        z, y, x = (int(d) + s.start for d, s in zip(deepest, box, strict=True))
        return z, y, x

    def at(self, point: editing.Point, frame: int) -> int:
        """Id at a voxel; 0 if there is no particle.

        Raises
        ------
        InputError
            If there is no such voxel.
        """
        if not 0 <= frame < self.n_frames:
            raise InputError(f"There is no frame {frame}", "frames count from 0")
        if any(not 0 <= p < n for p, n in zip(point, self.shape, strict=True)):
            raise InputError("A point lies outside the image", "click inside")
        return int(self._ids[(frame, *point)])

    def change(
        self, edit: Edit, frame: int, labels: list[int], new: int, places: ParticlePlaces
    ) -> Touch | None:
        """Do a correction in one frame; None if it changes nothing.

        Parameters
        ----------
        edit, frame
            The correction, and where it is done.
        labels
            Ids at the points in the frame of the correction.
        new
            Id of what comes to be.
        places
            Of all particles before the correction.
        """
        if edit.kind == "grow":
            return self._grow(edit, frame, labels[0], new, places)
        box, crop = self.crop(labels, frame, places)
        corner = np.array([s.start for s in box])
        shift = places.shift(labels[0], edit.frame, frame) - corner
        points = [np.asarray(point) + shift for point in edit.points]
        if edit.kind == "merge":
            after = self._merge(frame, box, crop, labels, places.typical_diameter)
        elif edit.kind == "delete":
            after = editing.delete(crop, labels)
        elif edit.kind == "split":
            spacing = self._voxel_size
            after = editing.split_at_seeds(crop, labels[0], points, new, spacing)
        else:
            keeps, *line = points
            after = editing.cut_along_line(crop, labels[0], line, edit.axis, new, keeps)
        return self._write(frame, box, crop, after)

    def _merge(
        self, frame: int, box: Box, crop: NDArray[np.int32], labels: list[int], typical: float
    ) -> NDArray[np.int32]:
        """Merge particles, with the cracks between them as far as they were imaged."""
        width = crack_width(typical, self._voxel_size, self._volumes.step.split)
        after = editing.merge(crop, labels, width, self._voxel_size)
        unseen = self._volumes.unseen(frame, box)
        return after if unseen is None else np.where(unseen, crop, after)

    def _grow(
        self, edit: Edit, frame: int, label: int, new: int, places: ParticlePlaces
    ) -> Touch | None:
        """Grow a particle, or one that is new, around where its seed has moved to."""
        size = np.asarray(self._voxel_size)
        typical = places.typical_diameter or float(max(self.shape * size))
        guide = label or places.nearest(edit.points[0], edit.frame, frame)
        seed = np.asarray(edit.points[0]) + places.shift(guide, edit.frame, frame)
        reach = np.ceil(GROW_DIAMETERS * typical / size)
        low = np.clip(np.floor(seed - reach), 0, np.array(self.shape) - 1).astype(int)
        high = np.clip(np.ceil(seed + reach) + 1, low + 1, self.shape).astype(int)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        crop = np.asarray(self._ids[frame, z, y, x])
        solid = self._volumes.solid(frame, (z, y, x))
        free = solid & ((crop == 0) | (crop == label))
        strays = 0.0 if frame == edit.frame else typical * SEED_REACH
        local = editing.nearest_voxel(free, seed - low, self._voxel_size, strays)
        return self._write(frame, (z, y, x), crop, editing.grow(crop, solid, local, label or new))

    def _write(
        self, frame: int, box: Box, before: NDArray[Any], after: NDArray[Any]
    ) -> Touch | None:
        """Write what changed in a crop; returns what is in and beside it, None for nothing."""
        from scipy.ndimage import binary_dilation, find_objects

        changed = before != after
        if not changed.any():
            return None
        inside = find_objects(changed.view(np.uint8))[0]
        near = grown(inside, self._margin, changed.shape)
        beside = binary_dilation(changed[near], np.ones((3, 3, 3)), self._margin)
        found = np.unique(np.concatenate([before[near][beside], after[near][beside]]))
        written = shifted(inside, box)
        self._log.change(self._ids, (slice(frame, frame + 1), *written), after[inside][None])
        return Touch(ids=tuple(int(i) for i in found if i > 0), box=_ranges(written))

    def crop(
        self,
        particles: Collection[int],
        frame: int,
        places: ParticlePlaces,
        written: Ranges | None = None,
    ) -> tuple[Box, NDArray[np.int32]]:
        """Box that holds particles wholly, and the ids in it, without reading the whole frame.

        `written` is a box that holds those wholly that the table does not know.
        """
        box = places.box(particles, frame)
        if written is not None:
            z, y, x = (slice(*ends) for ends in written)
            box = joined(box, (z, y, x)) if box is not None else (z, y, x)
        box = box or whole(self.shape)
        return box, np.asarray(self._ids[(frame, *box)])

    def settle(self, places: ParticlePlaces) -> dict[int, Touch]:
        """Take back what a crash cut short; returns what is to be measured again."""
        touched = {}
        for frames, z, y, x in self._log.settle(self._ids):
            box = grown((z, y, x), self._margin, self.shape)
            there = np.unique(self._ids[(frames.start, *box)])
            ids = {*there.tolist(), *places.around(box, frames.start)} - {0}
            touched[frames.start] = Touch(ids=tuple(sorted(ids)), box=_ranges(box))
        return touched


def _ranges(box: Box) -> Ranges:
    z, y, x = ((s.start, s.stop) for s in box)
    return z, y, x

"""The tables of particles that are corrected by hand, kept in line with their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.atomic import remove, replacing
from operando.particles.following.tracks import KEYS, correct_tracks
from operando.particles.labels.boxes import grown
from operando.particles.measuring.measure import PACKING_DIAMETERS, refresh_neighbours
from operando.particles.measuring.neighbourhood import packing_density
from operando.steps.particle_places import CENTRE
from operando.study.edits import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box
    from operando.steps.measured_volumes import MeasuredVolumes
    from operando.steps.particle_settings import ParticleSettings
    from operando.study import Study
    from operando.study.edits import Accepted


class CorrectedTables:
    """Table of particles and table of their tracks; both are written after every correction.

    Parameters
    ----------
    study
        Open for writing, with particles.
    step
        The step that found the particles.
    volumes
        What they are measured on.

    Attributes
    ----------
    particles : pandas.DataFrame
        One row per frame and particle.
    """

    def __init__(self, study: Study, step: ParticleSettings, volumes: MeasuredVolumes) -> None:
        self._study, self._name, self._settings = study, step.particles, step.measure
        self._volumes = volumes
        self._found = study.path / FOLDER / f"{self._name}-tracks.parquet"
        self.particles: pd.DataFrame = study.table(self._name)
        if "accepted" not in self.particles:
            self.particles["accepted"] = False

    def start_over(self) -> None:
        """Take the tracks for those of particles that were found anew."""
        remove(self._found)

    def measure(
        self, frame: int, labels: set[int], near: Box, crop: NDArray[np.int32]
    ) -> pd.DataFrame:
        """Measure particles of a frame again; returns all rows of the frame.

        `near` and `crop` are those of `MeasuredVolumes.measure_again`.
        """
        import pandas as pd

        before = self.particles[self.particles["frame"] == frame]
        rows = self._volumes.measure_again(before, frame, labels, near, crop)
        rows["accepted"] = False
        kept = before[~before["particle"].isin(list(labels))]
        rows = pd.concat([kept, rows], ignore_index=True) if len(kept) else rows
        return self._packed(refresh_neighbours(rows), frame, near)

    def write(self, measured: Mapping[int, pd.DataFrame], accepted: Iterable[Accepted]) -> None:
        """Write both tables, with the rows of frames that were measured again and with marks."""
        import pandas as pd

        table = self.particles
        if measured:
            self._keep_tracks()
            other = table[~table["frame"].isin(list(measured))]
            table = pd.concat([other, *measured.values()]).sort_values(KEYS, ignore_index=True)
        right = np.zeros(len(table), bool)
        for particles, frame in accepted:
            there = table["particle"].isin(particles).to_numpy()
            right |= there if frame is None else there & (table["frame"] == frame).to_numpy()
        table = table.assign(accepted=right)
        self._study.write_table(self._name, table)
        self.particles = table
        if self._found.exists():
            tracks = correct_tracks(pd.read_parquet(self._found), table)
            self._study.write_table(f"{self._name}-tracks", tracks)

    def _keep_tracks(self) -> None:
        """Keep the tracks as they were found, so that corrections can be taken back."""
        name = f"{self._name}-tracks"
        if self._found.exists() or name not in self._study.products("tables"):
            return
        volumes = self.particles[[*KEYS, "volume_um3"]]
        with replacing(self._found) as partial:
            self._study.table(name).merge(volumes, on=KEYS, how="left").to_parquet(partial)

    def _packed(self, rows: pd.DataFrame, frame: int, near: Box) -> pd.DataFrame:
        """Take the packing again of all particles of a frame that have a box in their cube."""
        if "packing" not in rows or rows.empty:
            return rows
        size = np.asarray(self._study.voxel_size)
        edge = self._settings.packing_window
        edge = edge or PACKING_DIAMETERS * float(rows["diameter_um"].median())
        centres = rows[CENTRE].to_numpy(float)
        low = np.array([s.start for s in near]) * size
        high = np.array([s.stop for s in near]) * size
        touched = np.all((centres + edge / 2 >= low) & (centres - edge / 2 <= high), axis=1)
        reach = int(np.ceil(edge / size.min())) + 1
        box = grown(near, reach, self._volumes.ids.shape[1:])
        ids = np.asarray(self._volumes.ids[(frame, *box)])
        places = centres[touched] - np.array([s.start for s in box]) * size
        packing = rows["packing"].to_numpy(float, copy=True)
        unseen = self._volumes.unseen(frame, box)
        packing[touched] = packing_density(ids, places, edge, self._study.voxel_size, unseen)
        return rows.assign(packing=packing)

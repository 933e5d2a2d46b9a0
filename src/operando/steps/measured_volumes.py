"""What particles are measured on: their ids, the phases and the image of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from operando.files.ome_zarr import open_image
from operando.particles.frames import Frame
from operando.particles.grey import GreyScale
from operando.particles.measure import PACKING_DIAMETERS
from operando.particles.measure_blocks import measure_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.body import Box
    from operando.particles.settings import PhaseLabels
    from operando.steps.particles import FindParticles
    from operando.study import Study

CENTRE = ["z_um", "y_um", "x_um"]


@dataclass(frozen=True, kw_only=True)
class MeasuredVolumes:
    """Volumes of a study that a few particles can be measured on again.

    Parameters
    ----------
    study
        Open for writing.
    step
        The step that found the particles: definitions of the measures.
    ids
        ``(T, Z, Y, X)`` particles, can be written.
    phases, probabilities
        ``(T, Z, Y, X)`` labels and ``(T, K, Z, Y, X)`` probabilities.
    names
        Which label is pore, binder and so on.
    phase
        Label of what particles are made of.
    """

    study: Study
    step: FindParticles
    ids: Any
    phases: Any
    probabilities: Any
    names: PhaseLabels
    phase: int

    @classmethod
    def of(cls, study: Study, step: FindParticles) -> MeasuredVolumes:
        """Open what a step has read and written."""
        labels, probabilities, classes = study.phases(step.phases)
        return cls(
            study=study,
            step=step,
            ids=open_image(study.product_path(f"particles/{step.particles}"), "r+"),
            phases=labels,
            probabilities=probabilities,
            names=step.names.labels(classes),
            phase=[c.name for c in classes].index(step.phase) + 1,
        )

    def solid(self, frame: int, box: Box) -> NDArray[np.bool_]:
        """Where the phase is that particles are made of."""
        return np.asarray(np.asarray(self.phases[(frame, *box)]) == self.phase)

    def measure_again(
        self,
        table: pd.DataFrame,
        frame: int,
        labels: set[int],
        near: Box,
        crop: NDArray[np.int32],
    ) -> pd.DataFrame:
        """Measure some particles of a frame, without reading all of it.

        Parameters
        ----------
        table
            Of all particles as it was: it gives the typical size and the grey scale.
        frame, labels
            What to measure; ids that are no more are left out.
        near, crop
            Box that holds them wholly, and the ids in it.
        """
        rows = []
        for label in sorted(labels & set(np.unique(crop).tolist())):
            places = np.nonzero(crop == label)
            tight = tuple(
                slice(int(p.min()) + s.start, int(p.max()) + 1 + s.start)
                for p, s in zip(places, near, strict=True)
            )
            rows.append(self._row(table, frame, label, (tight[0], tight[1], tight[2])))
        return pd.concat(rows, ignore_index=True) if rows else table.iloc[:0].copy()

    def _row(self, table: pd.DataFrame, frame: int, label: int, tight: Box) -> pd.DataFrame:
        settings = self.step.measure
        here = table[table["frame"] == frame]
        around = settings.packing_window or PACKING_DIAMETERS * float(here["diameter_um"].median())
        return measure_in(
            tight,
            [label],
            ids=Frame(self.ids, frame),
            phases=Frame(self.phases, frame),
            image=Frame(
                self.study.image_series(self.step.images).data[:, self.step.channel], frame
            ),
            spacing=self.study.voxel_size,
            phase=self.phase,
            labels=self.names,
            probabilities=Frame(self.probabilities, frame),
            settings=settings.model_copy(update={"packing_window": around}),
            scale=GreyScale.of_table(here),
            frame=frame,
            time_h=self.study.times[frame],
        )

"""What particles are measured on: their ids, the phases and the image of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import StudyError
from operando.files.ome_zarr import open_image
from operando.particles.labels.frames import Frame
from operando.particles.measuring.grey import GreyScale
from operando.particles.measuring.measure_blocks import measure_in, scale_of_frame
from operando.steps.particle_places import shifted
from operando.steps.phase_names import label_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box
    from operando.particles.settings import PhaseLabels
    from operando.steps.particle_settings import ParticleSettings
    from operando.study import Study


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
    phases, image, probabilities
        ``(T, Z, Y, X)`` labels and grey values, and ``(T, K, Z, Y, X)`` probabilities.
    names
        Which label is pore, binder and so on.
    phase
        Label of what particles are made of.
    """

    study: Study
    step: ParticleSettings
    ids: Any
    phases: Any
    image: Any
    probabilities: Any
    names: PhaseLabels
    phase: int

    @classmethod
    def of(cls, study: Study, step: ParticleSettings) -> MeasuredVolumes:
        """Open what a step has read and written."""
        labels, probabilities, classes = study.phases(step.phases)
        return cls(
            study=study,
            step=step,
            ids=open_image(study.product_path(f"particles/{step.particles}"), "r+"),
            phases=labels,
            image=study.image_series(step.images).data[:, step.channel],
            probabilities=probabilities,
            names=step.names.labels(classes),
            phase=label_of(step.phase, classes),
        )

    def solid(self, frame: int, box: Box) -> NDArray[np.bool_]:
        """Where the phase is that particles are made of."""
        return np.asarray(np.asarray(self.phases[(frame, *box)]) == self.phase)

    def unseen(self, frame: int, box: Box) -> NDArray[np.bool_] | None:
        """Where nothing was imaged; None if the image cannot tell."""
        if self.image.dtype.kind != "f":
            return None
        return np.asarray(~np.isfinite(np.asarray(self.image[(frame, *box)])))

    def measure_again(
        self,
        rows: pd.DataFrame,
        frame: int,
        labels: set[int],
        near: Box,
        crop: NDArray[np.int32],
    ) -> pd.DataFrame:
        """Measure some particles of a frame, without reading all of it.

        Packing and distances to neighbours are those of the box that is read: they have to be
        taken again.

        Parameters
        ----------
        rows
            Of all particles of the frame as they were: they give the grey scale.
        frame, labels
            What to measure; ids that are no more are left out.
        near, crop
            Box that holds them wholly, and the ids in it.
        """
        from scipy.ndimage import find_objects

        there = np.isin(crop, sorted(labels))
        if not there.any():
            return rows.iloc[:0].copy()
        voxel = min(self.study.voxel_size)
        image, phases = Frame(self.image, frame), Frame(self.phases, frame)
        return measure_in(
            shifted(find_objects(there.view(np.uint8))[0], near),
            labels,
            ids=Frame(self.ids, frame),
            phases=phases,
            image=image,
            spacing=self.study.voxel_size,
            phase=self.phase,
            labels=self.names,
            probabilities=Frame(self.probabilities, frame),
            settings=self.step.measure.model_copy(update={"packing_window": voxel}),
            scale=GreyScale.of_table(rows) or scale_of_frame(image, phases, self.names),
            frame=frame,
            time_h=self.study.times[frame],
        )


def check_voxels(study: Study, particles: str) -> None:
    """Refuse particles that were measured before the study got other voxels.

    Raises
    ------
    StudyError
        If the voxel size is another one.
    """
    from operando.files import read

    measured = read(study.product_path(f"particles/{particles}")).voxel_size
    if measured is not None and not np.allclose(measured, study.voxel_size):
        raise StudyError(
            f"The particles were measured with voxels of {measured} um, the study has "
            f"{study.voxel_size} um",
            "find the particles again",
        )

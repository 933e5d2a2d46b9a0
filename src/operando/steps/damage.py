"""Map where the cracks of an electrode are, and how damage varies with depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from operando.errors import StudyError
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.study import Study

PROFILED = ("crack_fraction", "crack_area_per_um", "detachment", "path_ratio", "density")


class MapDamage(Step):
    """Crack surface per volume as a coarse volume, and profiles along the depth, per frame."""

    name: ClassVar[str] = "damage"
    title: ClassVar[str] = "Damage maps"

    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    phase: str = Field("particle", title="Phase", description="Class of the particles")
    particles: str = Field("particles", title="Particles", description="Particles to map")
    block: float = Field(1.0, title="Block", description="Edge of a block (um)", gt=0, le=1e4)
    window: float = Field(
        3.0,
        title="Window",
        description="Edge (um) of the cube over which crack area and volume are summed",
        gt=0,
        le=1e4,
    )
    slab: float = Field(
        2.0, title="Slab", description="Thickness (um) of a slab of the profiles", gt=0, le=1e4
    )

    paths: bool = Field(
        False,
        title="Electron paths",
        description="Also keep the length of the way of electrons to every voxel (um)",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Phases and particles with their table."""
        del study
        return (
            f"phases/{self.phases}",
            f"particles/{self.particles}",
            f"tables/{self.particles}",
        )

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the map, and the table of profiles."""
        del study
        made = (f"particles/{self.particles}-damage", f"tables/{self.particles}-profiles")
        return (*made, f"particles/{self.particles}-paths") if self.paths else made

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Map frame after frame, then profile the table."""
        from operando.compute.progress import PartProgress
        from operando.files.ome_zarr import create_image
        from operando.particles.maps import crack_surface_map
        from operando.steps.particles import label_of
        from operando.study.atomic import replacing
        from operando.study.phases import open_phases

        labels, _, classes = open_phases(study.product_path(f"phases/{self.phases}"))
        phase = label_of(self.phase, classes)
        ids = study.open_array(f"particles/{self.particles}")
        if ids.shape != labels.shape:
            raise StudyError(
                f"The particles have the shape {ids.shape}, the phases {labels.shape}",
                "find the particles again",
            )
        part = PartProgress(progress, ids.shape[0])
        maps, edges = [], study.voxel_size
        for t in range(ids.shape[0]):
            found, edges = crack_surface_map(
                np.asarray(ids[t]),
                np.asarray(labels[t]),
                phase=phase,
                spacing=study.voxel_size,
                block=self.block,
                window=max(self.block, self.window),
                progress=part,
            )
            maps.append(found)
            part.next_part()
        with replacing(study.product_path(f"particles/{self.particles}-damage")) as partial:
            array = create_image(
                partial,
                (len(maps), *maps[0].shape),
                "float32",
                axes="tzyx",
                voxel_size=edges,
                times=study.times,
            )
            array[:] = np.stack(maps)
        if self.paths:
            self._write_paths(study, phase)
        profiles = self._profiles(study)
        study.write_table(f"{self.particles}-profiles", profiles)
        known = [float(np.nanmean(m)) if np.isfinite(m).any() else 0.0 for m in maps]
        summary = f"{known[-1]:.3f} µm²/µm³ of cracks in the last frame"
        return StepResult(summary, {"crack_area_per_um": known[-1]})

    def _write_paths(self, study: Study, phase: int) -> None:
        """Write the path lengths of every frame, voxel by voxel."""
        from operando.files.ome_zarr import create_image
        from operando.particles.path_map import electron_paths
        from operando.steps.particles import PhaseNames
        from operando.study.atomic import replacing
        from operando.study.phases import open_phases

        labels, _, classes = open_phases(study.product_path(f"phases/{self.phases}"))
        ids = study.open_array(f"particles/{self.particles}")
        with replacing(study.product_path(f"particles/{self.particles}-paths")) as partial:
            array = create_image(
                partial,
                ids.shape,
                "float32",
                axes="tzyx",
                voxel_size=study.voxel_size,
                times=study.times,
            )
            for t in range(ids.shape[0]):
                array[t] = electron_paths(
                    np.asarray(ids[t]),
                    np.asarray(labels[t]),
                    phase=phase,
                    labels=PhaseNames().labels(classes),
                    spacing=study.voxel_size,
                )

    def _profiles(self, study: Study) -> pd.DataFrame:
        import pandas as pd

        from operando.particles.profiles import depth_profile

        table = study.table(self.particles)
        rows = [
            depth_profile(part["depth_um"].to_numpy(), part[column].to_numpy(), self.slab).assign(
                frame=frame, column=column
            )
            for frame, part in table.groupby("frame")
            for column in PROFILED
            if column in part
        ]
        return pd.concat(rows, ignore_index=True)

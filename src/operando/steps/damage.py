"""Map where the cracks of an electrode are, and how damage varies with depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from operando.errors import StudyError
from operando.steps.on_particles import OnParticles
from operando.steps.step import StepResult

if TYPE_CHECKING:
    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.steps.particles import FindParticles
    from operando.study import Study

PROFILED = ("crack_fraction", "crack_area_per_um", "detachment", "path_ratio", "density")


class MapDamage(OnParticles):
    """Crack surface as a coarse volume, profiles along the depth, grey levels near cracks."""

    name: ClassVar[str] = "damage"
    title: ClassVar[str] = "Damage maps"

    phases: str | None = Field(
        None,
        title="Phases",
        description="Segmentation to start from; empty: that which the particles were found in",
    )
    phase: str | None = Field(
        None, title="Phase", description="Class of the particles; empty: as they were found"
    )
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

    crack_layer: float | None = Field(
        None,
        title="Layer at cracks",
        description="Thickness (um) of the layers in which grey levels are taken by their distance"
        " from cracks; empty: a twentieth of the median diameter",
        gt=0,
        le=1e4,
    )
    paths: bool = Field(
        False,
        title="Electron paths",
        description="Also keep the length of the way of electrons to every voxel (um)",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images, phases, and particles with their table."""
        finder = self.finder(study)
        return (
            finder.images,
            f"phases/{finder.phases}",
            f"particles/{self.particles}",
            f"tables/{self.particles}",
        )

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the map, and the tables of profiles along the depth and from the cracks."""
        made = (
            f"particles/{self.particles}-damage",
            f"tables/{self.particles}-profiles",
            f"tables/{self.particles}-crack-grey",
        )
        return (*made, f"particles/{self.particles}-paths") if self.paths else made

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Map frame after frame, then profile the table.

        Ways of electrons and grey levels go by the definitions that the particles were measured by.
        """
        from operando.atomic import replacing
        from operando.compute.progress import PartProgress
        from operando.files.ome_zarr import create_image
        from operando.particles.measuring.maps import crack_surface_map
        from operando.steps.measured_volumes import check_voxels
        from operando.steps.phase_names import label_of

        finder = self.finder(study)
        labels, _, classes = study.phases(finder.phases)
        phase = label_of(finder.phase, classes)
        ids = study.open_array(f"particles/{self.particles}")
        if ids.shape != labels.shape:
            raise StudyError(
                f"The particles have the shape {ids.shape}, the phases {labels.shape}",
                "find the particles again",
            )
        particles = study.table(self.particles)
        check_voxels(study, self.particles)
        if particles.empty:
            raise StudyError(f"{self.particles!r} holds no particle", "find some first")
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
            self._write_paths(study, finder)
        profiles = self._profiles(study)
        study.write_table(f"{self.particles}-profiles", profiles)
        grey = self._crack_grey(study, finder, progress)
        study.write_table(f"{self.particles}-crack-grey", grey)
        last = particles[particles["frame"] == len(maps) - 1]
        area = float(last["crack_area_um2"].sum() / max(last["volume_um3"].sum(), 1e-30))
        return StepResult(
            f"{area:.3f} µm²/µm³ of cracks in the last frame", {"crack_area_per_um": area}
        )

    def _write_paths(self, study: Study, finder: FindParticles) -> None:
        """Write the path lengths of every frame, voxel by voxel."""
        from operando.atomic import replacing
        from operando.files.ome_zarr import create_image
        from operando.particles.measuring.path_map import electron_paths
        from operando.steps.phase_names import label_of

        labels, probabilities, classes = study.phases(finder.phases)
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
                    phase=label_of(finder.phase, classes),
                    labels=finder.names.labels(classes),
                    probabilities=np.asarray(probabilities[t]),
                    spacing=study.voxel_size,
                    settings=finder.measure,
                )

    def _profiles(self, study: Study) -> pd.DataFrame:
        import pandas as pd

        from operando.particles.measuring.profiles import depth_profile

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

    def _crack_grey(
        self, study: Study, finder: FindParticles, progress: ProgressCallback | None
    ) -> pd.DataFrame:
        """Grey levels by distance from cracks, up to half a median diameter."""
        import pandas as pd

        from operando.compute.progress import PartProgress
        from operando.particles.measuring.crack_grey import crack_grey_profiles
        from operando.particles.measuring.grey import grey_scale
        from operando.steps.particles import CRACKED_FROM
        from operando.steps.phase_names import label_of

        labels, _, classes = study.phases(finder.phases)
        names = finder.names.labels(classes)
        ids = study.open_array(f"particles/{self.particles}")
        images = study.image_series(finder.images)
        typical = float(study.table(self.particles)["diameter_um"].median())
        part = PartProgress(progress, ids.shape[0])
        tables = []
        for t in range(ids.shape[0]):
            image, phases = images.frame(t, finder.channel), np.asarray(labels[t])
            table = crack_grey_profiles(
                np.asarray(ids[t]),
                phases,
                image,
                step=self.crack_layer or typical / 20,
                longest=typical / 2,
                cracked_from=CRACKED_FROM,
                phase=label_of(finder.phase, classes),
                spacing=study.voxel_size,
                scale=grey_scale(image, phases, names.grey_low, names.grey_high),
                progress=part,
            )
            table.insert(0, "frame", t)
            tables.append(table)
            part.next_part()
        return pd.concat(tables, ignore_index=True)

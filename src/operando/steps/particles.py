"""Find the particles of one phase in every frame and follow them through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.settings import LinkSettings, SplitSettings
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.study import Study

CRACKED_FROM = 0.01
"""Crack fraction from which a particle counts as cracked in summaries."""


class FindParticles(Step):
    """Split touching particles, give each an id through time, and measure them."""

    name: ClassVar[str] = "particles"
    title: ClassVar[str] = "Particles"

    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    phase: str = Field(
        "particle", title="Phase", description="Class of which the particles consist"
    )
    particles: str = Field(
        "particles", title="Particles", description="Name under which ids and table are kept"
    )
    channel: int = Field(0, ge=0, title="Channel", description="Channel of the mean grey, from 0")
    split: SplitSettings = Field(
        default_factory=SplitSettings, title="Splitting", description="How particles are parted"
    )
    link: LinkSettings = Field(
        default_factory=LinkSettings, title="Following", description="How particles are followed"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and phases."""
        del study
        return ("images", f"phases/{self.phases}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Ids of every voxel, the table of particles, and the table of their tracks."""
        del study
        return (
            f"particles/{self.particles}",
            f"tables/{self.particles}",
            f"tables/{self.particles}-tracks",
        )

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Split and measure frame after frame, link, and give linked particles one id."""
        import pandas as pd

        from operando.files.ome_zarr import create_image
        from operando.particles import link
        from operando.study.atomic import replacing
        from operando.study.phases import open_phases

        labels, _, classes = open_phases(study.product_path(f"phases/{self.phases}"))
        phase = label_of(self.phase, classes)
        watch = Stopwatch(progress, labels.shape[0] + 1, "frames", "Splitting")
        product = f"particles/{self.particles}"
        with replacing(study.product_path(product)) as partial:
            ids = create_image(
                partial,
                labels.shape,
                "int32",
                axes="tzyx",
                voxel_size=study.voxel_size,
                times=study.times,
            )
            measured = []
            for t in range(labels.shape[0]):
                ids[t], table = self._find(study, np.asarray(labels[t]), phase, t)
                measured.append(table)
                watch.advance(message="Splitting")
            watch.advance(0, message="Following")
            _, tracks = link([np.asarray(ids[t]) for t in range(ids.shape[0])], settings=self.link)
            for t in range(ids.shape[0]):
                lookup = _lookup(tracks, t)
                ids[t] = lookup[np.asarray(ids[t])]
                measured[t]["particle"] = lookup[measured[t]["particle"]]
            watch.advance(message="Following")
        particles = pd.concat(measured, ignore_index=True)
        study.write_table(self.particles, particles.sort_values(["frame", "particle"]))
        study.write_table(f"{self.particles}-tracks", tracks)
        return StepResult(*_summarise(particles, labels.shape[0]))

    def _find(
        self, study: Study, labels: NDArray[np.uint8], phase: int, t: int
    ) -> tuple[NDArray[np.int32], pd.DataFrame]:
        from operando.particles import measure, split

        ids = split(labels, phase=phase, spacing=study.voxel_size, settings=self.split)
        table = measure(
            ids,
            phases=labels,
            image=study.series.frame(t, self.channel),
            spacing=study.voxel_size,
            phase=phase,
            frame=t,
            time_h=study.times[t],
        )
        return ids, table


def label_of(phase: str, classes: Sequence[LabelClass]) -> int:
    """Label of a class by its name."""
    names = [label_class.name for label_class in classes]
    if phase not in names:
        raise InputError(
            f"There is no phase {phase!r} in this segmentation", f"use one of {', '.join(names)}"
        )
    return names.index(phase) + 1


def _lookup(tracks: pd.DataFrame, t: int) -> NDArray[np.int32]:
    """Id through time of every label of one frame; 0 stays 0."""
    rows = tracks[(tracks["frame"] == t) & (tracks["label"] > 0)]
    lookup = np.zeros(int(rows["label"].max() if len(rows) else 0) + 1, np.int32)
    lookup[rows["label"]] = rows["particle"]
    return lookup


def _summarise(particles: pd.DataFrame, n_frames: int) -> tuple[str, dict[str, float]]:
    frames = particles.groupby("particle")["frame"].nunique()
    followed = int((frames == n_frames).sum())
    last = particles[particles["frame"] == n_frames - 1]
    cracked = int((last["crack_fraction"] >= CRACKED_FROM).sum())
    found = f"{followed} followed" if n_frames > 1 else f"{len(last)} found"
    return f"{found}, {cracked} cracked", {
        "particles": float(len(frames)),
        "followed": float(followed),
        "cracked": float(cracked),
        "median_diameter_um": float(last["diameter_um"].median()) if len(last) else 0.0,
    }

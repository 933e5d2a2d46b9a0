"""Find the particles of one phase in every frame and follow them through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from operando.errors import InputError
from operando.particles.settings import (
    LinkSettings,
    MeasureSettings,
    PhaseLabels,
    SplitSettings,
)
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.particles.joining.necks import NeckRule
    from operando.study import Study

CRACKED_FROM = 0.01
"""Crack fraction from which a particle counts as cracked in summaries."""


class PhaseNames(BaseModel):
    """Classes that particles are measured against; without one, its columns stay empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pore: str = Field("pore", title="Pore", description="Class of the pores")
    binder: str = Field("binder", title="Binder", description="Class of the binder")
    collector: str = Field(
        "collector", title="Current collector", description="Class of the current collector"
    )
    grey_low: str = Field(
        "pore", title="Grey 0", description="Class whose median grey counts as density 0"
    )
    grey_high: str = Field(
        "binder", title="Grey 1", description="Class whose median grey counts as density 1"
    )

    def labels(self, classes: Sequence[LabelClass]) -> PhaseLabels:
        """Find the labels of the classes that there are."""
        known = {label_class.name: k for k, label_class in enumerate(classes, start=1)}
        return PhaseLabels(**{field: known.get(name) for field, name in self})


class FindParticles(Step):
    """Split touching particles, give each an id through time, and measure them."""

    name: ClassVar[str] = "particles"
    title: ClassVar[str] = "Particles"

    images: str = IMAGES
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
    joining: Literal["shipped", "corrections"] = Field(
        "shipped",
        title="Joining",
        description="Rule that joins the parts of a particle (method learned): the shipped one, "
        "or the one that Learn from corrections made",
    )
    link: LinkSettings = Field(
        default_factory=LinkSettings, title="Following", description="How particles are followed"
    )

    names: PhaseNames = Field(
        default_factory=PhaseNames,
        title="Other phases",
        description="What the other classes are called",
    )
    measure: MeasureSettings = Field(
        default_factory=MeasureSettings, title="Measuring", description="Definitions of measures"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images, phases, and the rule that corrections taught, if it is wanted."""
        taught = () if self.joining == "shipped" else (f"splitters/{self.particles}",)
        return (self.images, f"phases/{self.phases}", *taught)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Ids of every voxel, the table of particles, and the table of their tracks."""
        return (
            f"particles/{self.particles}",
            f"tables/{self.particles}",
            f"tables/{self.particles}-tracks",
        )

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Split frame after frame, follow the pieces, give them their ids, measure."""
        import pandas as pd

        from operando.atomic import replacing
        from operando.compute.progress import PartProgress
        from operando.files.ome_zarr import create_image
        from operando.particles import follow, rename
        from operando.particles.labels.frames import Frame, Frames, blocks
        from operando.particles.measuring.measure_blocks import measure_blocks
        from operando.particles.series import split_frames
        from operando.steps.corrections import Corrections

        labels, probabilities, classes = study.phases(self.phases)
        phase = label_of(self.phase, classes)
        grey = study.image_series(self.images).data[:, self.channel]
        n_frames = labels.shape[0]
        with replacing(study.product_path(f"particles/{self.particles}")) as partial:
            ids = create_image(
                partial,
                labels.shape,
                "int32",
                axes="tzyx",
                voxel_size=study.voxel_size,
                times=study.times,
            )
            split_frames(
                Frames(labels),
                Frames(ids),
                phase=phase,
                probabilities=[Frame(Frame(probabilities, t), phase - 1) for t in range(n_frames)],
                rule=self._rule(study),
                spacing=study.voxel_size,
                settings=self.split,
                scratch=partial.parent,
                progress=progress,
            )
            tracks = follow(Frames(ids), settings=self.link, progress=progress)
            part = PartProgress(progress, n_frames)
            measured = []
            for t, frame in enumerate(Frames(ids)):
                for box in blocks(frame.shape):
                    frame[box] = rename(frame[box], tracks, t)
                measured.append(
                    measure_blocks(
                        frame,
                        phases=Frame(labels, t),
                        image=Frame(grey, t),
                        spacing=study.voxel_size,
                        phase=phase,
                        labels=self.names.labels(classes),
                        probabilities=Frame(probabilities, t),
                        settings=self.measure,
                        frame=t,
                        time_h=study.times[t],
                        progress=part,
                    )
                )
                part.next_part()
        particles = pd.concat(measured, ignore_index=True)
        study.write_table(self.particles, particles)
        study.write_table(f"{self.particles}-tracks", tracks)
        corrections = Corrections(study, self)
        lost = corrections.reapply(progress)
        summary, values = summarise(corrections.table, n_frames)
        if corrections.edits or lost:
            values |= {
                "corrections": float(len(corrections.edits)),
                "corrections_lost": float(lost),
            }
        return StepResult(summary, values)

    def _rule(self, study: Study) -> NeckRule | None:
        from operando.particles.joining.necks import NeckRule

        if self.joining == "shipped":
            return None
        return NeckRule.load(study.product_path(f"splitters/{self.particles}"))


def label_of(phase: str, classes: Sequence[LabelClass]) -> int:
    """Label of a class by its name."""
    names = [label_class.name for label_class in classes]
    if phase not in names:
        raise InputError(
            f"There is no phase {phase!r} in this segmentation", f"use one of {', '.join(names)}"
        )
    return names.index(phase) + 1


def summarise(particles: pd.DataFrame, n_frames: int) -> tuple[str, dict[str, float]]:
    """Say what a table of particles holds, in a few words and in numbers."""
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

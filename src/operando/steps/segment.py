"""Label every voxel of every frame with a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress
from operando.steps.frame_view import FrameView
from operando.steps.new_phases import FrameBlocks, open_or_create
from operando.steps.phase_fractions import phase_fractions
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.study import Study


OTHER_SCALE = 0.4
"""Logarithm of the ratio of voxel edges from which a model sees things of another size: 1.5."""


class Segment(Step):
    """Label every frame with the model, tile by tile with blended overlap."""

    name: ClassVar[str] = "segment"
    title: ClassVar[str] = "Segment"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    model: str = Field("model", title="Model", description="Model of this study to use")
    phases: str = Field("phases", title="Phases", description="Name under which labels are kept")
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")
    precision: Literal["auto", "float32"] = Field(
        "auto",
        title="Precision",
        description="auto takes the fastest way to compute on this machine that changes "
        "probabilities by 0.02 at most; float32 computes all in single precision",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and model."""
        return (self.images, f"models/{self.model}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Labels with probabilities, and the fraction of every phase in every frame."""
        return (f"phases/{self.phases}", f"tables/{self.phases}")

    def frames_apart(self, study: Study) -> range:
        """All frames."""
        return range(_Unfinished(self, study).images.n_frames)

    def run_frame(self, study: Study, t: int, progress: ProgressCallback | None = None) -> None:
        """Segment one frame block after block."""
        _Unfinished(self, study).segment(range(t, t + 1), progress)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Segment block after block; what a stopped run finished is not done again."""
        work = _Unfinished(self, study)
        difference = work.segment(range(work.images.n_frames), progress)
        table = phase_fractions(work.labels, work.model.classes, study.times, work.probabilities)
        warning = work.warn_of_scale(study.voxel_size) + work.warn_of_margin()
        work.partial.publish()
        study.write_table(self.phases, table)
        summary, fractions = _summarise(table)
        return StepResult(warning + summary, {**fractions, "probability_difference": difference})


class _Unfinished:
    """Labels and probabilities that grow."""

    def __init__(self, step: Segment, study: Study) -> None:
        from operando.segment import Model
        from operando.study.partial import PartialResult

        self.step = step
        self.model = Model.load(study.product_path(f"models/{step.model}"))
        inputs = {product: study.fingerprint(product) for product in step.inputs(study)}
        plan = inputs | {"precision": step.precision}
        self.partial = PartialResult(study.product_path(f"phases/{step.phases}"), plan)
        self.labels, self.probabilities = open_or_create(self.partial, study, self.model.classes)
        self.images = study.image_series(step.images)

    def segment(self, frames: range, progress: ProgressCallback | None) -> float:
        """Return the largest difference of probabilities that computing faster makes."""
        from operando.segment import choose_backend, predict_into

        backend = choose_backend(
            self.model,
            self.images.data,
            frame=frames[0],
            n_frames=len(frames),
            device=self.step.device,
            precision=self.step.precision,
            progress=progress,
        )
        whole = PartProgress(progress, len(frames))
        for t in frames:
            done = FrameBlocks(self.partial, t)
            predict_into(
                self.model,
                self.images.data,
                frame=t,
                labels_out=FrameView(self.labels, t),
                probabilities_out=FrameView(self.probabilities, t),
                is_done=done.has,
                on_block=done.add,
                device=self.step.device,
                progress=whole,
                backend=backend,
            )
            whole.next_part()
        return backend.difference

    def warn_of_scale(self, voxel_size: Sequence[float]) -> str:
        """Say that the model learnt on voxels of another size; empty if it did not."""
        learnt = self.model.voxel_size
        if learnt is None or np.allclose(np.log(learnt), np.log(voxel_size), atol=OTHER_SCALE):
            return ""
        sizes = (" × ".join(f"{edge:.3g}" for edge in size) for size in (learnt, voxel_size))
        return "⚠ the model learnt on voxels of {} µm, these have {} µm · ".format(*sizes)

    def warn_of_margin(self) -> str:
        """Say that a margin of one grey value counts as a phase; empty if there is none."""
        from operando.nets.frames import Frames
        from operando.segment.margin import find_margin

        margin = find_margin(Frames(self.images.data), range(self.images.n_frames))
        if margin is None:
            return ""
        middle = self.images.volume_shape[0] // 2
        label = np.bincount(np.asarray(self.labels[0, middle])[margin.mask]).argmax()
        taken_for = self.model.classes[label - 1].name
        return (
            f"⚠ {100 * margin.share:.0f} % of every slice is a margin of the grey value "
            f"{margin.value:g} and counts as {taken_for}: cut it off first, under Clean · "
        )


def _summarise(table: pd.DataFrame) -> tuple[str, dict[str, float]]:
    means = table.groupby("phase", sort=False)["fraction"].mean()
    summary = " · ".join(f"{phase} {100 * share:.0f} %" for phase, share in means.items())
    return summary, {f"{phase}_fraction": float(share) for phase, share in means.items()}

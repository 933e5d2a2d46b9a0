"""Label every voxel of every frame with a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from operando.compute.progress import PartProgress
from operando.steps.frame_view import FrameView
from operando.steps.new_phases import FrameBlocks, open_or_create
from operando.steps.phase_fractions import phase_fractions
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class Segment(Step):
    """Label every frame with the model, tile by tile with blended overlap."""

    name: ClassVar[str] = "segment"
    title: ClassVar[str] = "Segment"

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

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Segment block after block; what a stopped run finished is not done again."""
        from operando.segment import Model, choose_backend, predict_into
        from operando.study.partial import PartialResult

        model = Model.load(study.product_path(f"models/{self.model}"))
        inputs = {product: study.fingerprint(product) for product in self.inputs(study)}
        plan = inputs | {"precision": self.precision}
        partial = PartialResult(study.product_path(f"phases/{self.phases}"), plan)
        labels, probabilities = open_or_create(partial, study, model.classes)
        images = study.image_series(self.images)
        backend = choose_backend(
            model,
            images.data,
            frame=0,
            n_frames=images.n_frames,
            device=self.device,
            precision=self.precision,
            progress=progress,
        )
        whole = PartProgress(progress, images.n_frames)
        for t in range(images.n_frames):
            done = FrameBlocks(partial, t)
            predict_into(
                model,
                images.data,
                frame=t,
                labels_out=FrameView(labels, t),
                probabilities_out=FrameView(probabilities, t),
                is_done=done.has,
                on_block=done.add,
                device=self.device,
                progress=whole,
                backend=backend,
            )
            whole.next_part()
        table = phase_fractions(labels, model.classes, study.times, probabilities)
        partial.publish()
        study.write_table(self.phases, table)
        summary, fractions = _summarise(table)
        return StepResult(summary, {**fractions, "probability_difference": backend.difference})


def _summarise(table: pd.DataFrame) -> tuple[str, dict[str, float]]:
    means = table.groupby("phase", sort=False)["fraction"].mean()
    summary = " · ".join(f"{phase} {100 * share:.0f} %" for phase, share in means.items())
    return summary, {f"{phase}_fraction": float(share) for phase, share in means.items()}

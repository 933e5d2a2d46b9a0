"""Learn classes from brush strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.segment.settings import TrainSettings
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class Train(Step):
    """Learn the classes from the strokes with a 3D network; unlabelled voxels carry no loss."""

    name: ClassVar[str] = "train"
    title: ClassVar[str] = "Train"

    strokes: str = Field("strokes", title="Strokes", description="Stroke set to learn from")
    start: str = Field(
        "",
        title="Start from",
        description="Model of this study to go on from; empty starts anew",
    )
    model: str = Field("model", title="Model", description="Name under which the model is kept")
    settings: TrainSettings = Field(
        default_factory=TrainSettings, title="Training", description="How the network learns"
    )
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and strokes, and the model to start from."""
        del study
        start = (f"models/{self.start}",) if self.start and self.start != self.model else ()
        return ("images", f"strokes/{self.strokes}", *start)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the model."""
        del study
        return (f"models/{self.model}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Train and keep the best model."""
        from operando.segment import train
        from operando.study.atomic import replacing

        strokes = study.strokes(self.strokes)
        model = train(
            study.series.data,
            strokes.array,
            classes=strokes.classes,
            voxel_size=study.voxel_size,
            start=study.product_path(f"models/{self.start}") if self.start else "scratch",
            settings=self.settings,
            device=self.device,
            progress=progress,
        )
        with replacing(study.product_path(f"models/{self.model}")) as partial:
            model.save(partial)
        return StepResult(*_summarise(model.scores))


def _summarise(scores: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    dice = scores.get("held_out_dice")
    return (f"held-out Dice {dice:.2f}" if dice is not None else "trained"), dict(scores)

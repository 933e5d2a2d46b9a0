"""Learn classes from brush strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal

from pydantic import Field

from operando.segment.settings import TrainSettings
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from operando.compute.progress import ProgressCallback
    from operando.study import Study
    from operando.study.partial import PartialResult

PRETRAINED: Final = "pretrained"
SCRATCH: Final = "scratch"


class Train(Step):
    """Learn the classes from the strokes with a 3D network; other voxels have no class."""

    name: ClassVar[str] = "train"
    title: ClassVar[str] = "Train"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    strokes: str = Field("strokes", title="Strokes", description="Stroke set to learn from")
    start: str = Field(
        PRETRAINED,
        title="Start from",
        description="pretrained (on synthetic electrodes; light networks and images of several "
        "channels have no weights and start from scratch, see learn-images), scratch, or the name "
        "of a model of this study",
    )
    model: str = Field("model", title="Model", description="Name under which the model is kept")
    settings: TrainSettings = Field(
        default_factory=TrainSettings, title="Training", description="How the network learns"
    )
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and strokes, and the model to start from."""
        start = () if self.start in {PRETRAINED, SCRATCH, self.model} else (f"models/{self.start}",)
        return (self.images, f"strokes/{self.strokes}", *start)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the model."""
        return (f"models/{self.model}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Train and keep the best model."""
        from operando.atomic import replacing
        from operando.segment import train

        unfinished = unfinished_model(study, self)
        strokes = study.strokes(self.strokes)
        model = train(
            study.image_series(self.images).data,
            strokes.array,
            classes=strokes.classes,
            voxel_size=study.voxel_size,
            start=self._start(study),
            settings=self.settings,
            device=self.device,
            progress=progress,
            checkpoint=unfinished.content,
        )
        with replacing(study.product_path(f"models/{self.model}")) as partial:
            model.save(partial)
        unfinished.discard()
        return StepResult(*_summarise(model.scores))

    def _start(self, study: Study) -> Path | Literal["pretrained", "scratch"]:
        if self.start == SCRATCH or (self.start == PRETRAINED and study.series.n_channels > 1):
            return SCRATCH
        return (
            PRETRAINED if self.start == PRETRAINED else study.product_path(f"models/{self.start}")
        )


def unfinished_model(study: Study, step: Step) -> PartialResult:
    """Where the one model that a step makes is kept meanwhile, as `train` takes up what is there.

    It is thrown away if it was begun with anything else.
    """
    from operando.study.partial import PartialResult
    from operando.study.record import package_versions

    (made,) = step.outputs(study)
    plan = {
        "step": step.name,
        "settings": step.model_dump(mode="json"),
        # The model that is there may be the one to start from.
        "products": {p: study.fingerprint(p) for p in (*step.inputs(study), made)},
        "voxel_size": study.voxel_size,
        "versions": package_versions(),
    }
    return PartialResult(study.product_path(made), plan)


def _summarise(scores: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    learned = f"learned from {scores['strokes']:.0f} strokes"
    dice = scores.get("held_out_dice")
    text = learned if dice is None else f"{learned}, Dice {dice:.2f} on held-out ones"
    if "resumed_at" in scores:
        text += f", resumed at step {scores['resumed_at']:.0f}"
    return text, dict(scores)

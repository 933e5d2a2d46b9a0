"""Teach a network that comes without weights what the one that ships sees in the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.segment.settings import TrainSettings
from operando.steps.step import IMAGES, Step, StepResult
from operando.steps.train import unfinished_model

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class LearnImages(Step):
    """Teach a light network, or one for several channels, without strokes; then go on from it."""

    name: ClassVar[str] = "learn-images"
    title: ClassVar[str] = "Learn from images"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    model: str = Field("images", title="Model", description="Name under which the model is kept")
    settings: TrainSettings = Field(
        default_factory=lambda: TrainSettings(network="separable"),
        title="Training",
        description="Network, width, patch and seed are used",
    )
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images alone."""
        return (self.images,)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the model."""
        return (f"models/{self.model}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Teach it and keep the model."""
        from operando.atomic import replacing
        from operando.segment import learn_images

        unfinished = unfinished_model(study, self)
        model = learn_images(
            study.image_series(self.images).data,
            settings=self.settings,
            voxel_size=study.voxel_size,
            device=self.device,
            progress=progress,
            checkpoint=unfinished.content,
        )
        with replacing(study.product_path(f"models/{self.model}")) as partial:
            model.save(partial)
        unfinished.discard()
        return StepResult("learned without strokes from the network that ships", dict(model.scores))

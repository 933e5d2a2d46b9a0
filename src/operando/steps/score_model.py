"""Score a model against labels made elsewhere, whether or not it made the segmentation."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress
from operando.steps.compare import FRAME, REFERENCE, compare_frames, open_reference, reference_files
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class ScoreModel(Step):
    """Segment the frames of a reference with a model and score it; the labels are not kept."""

    name: ClassVar[str] = "score-model"
    title: ClassVar[str] = "Score a model"

    images: str = IMAGES
    model: str = Field("model", title="Model", description="Model of this study to score")
    reference: str = REFERENCE
    frame: int = FRAME
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images, model and reference."""
        return (self.images, f"models/{self.model}", *reference_files(self.reference))

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return one row per frame and phase: Dice, IoU, distance of the outlines, interfaces."""
        return (f"tables/{self.model}_score",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Segment and compare frame by frame.

        Raises
        ------
        InputError
            If no reference is named, or it does not fit the images or the classes.
        """
        from operando.segment import Model, predict_into

        model = Model.load(study.product_path(f"models/{self.model}"))
        series = study.image_series(self.images)
        classes = model.classes
        reference = open_reference(self.reference, self.frame, series.n_frames, len(classes))
        whole = PartProgress(progress, 2 * len(reference.frames))

        with TemporaryFile() as file:
            labels = np.memmap(file, np.uint8, "w+", shape=series.data.shape[2:])

            def segment(t: int) -> Any:
                predict_into(
                    model,
                    series.data,
                    frame=t,
                    labels_out=labels,
                    device=self.device,
                    progress=whole,
                )
                whole.next_part()
                return labels

            table, result = compare_frames(reference, segment, classes, study.voxel_size, whole)
        study.write_table(f"{self.model}_score", table)
        return result

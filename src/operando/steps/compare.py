"""Compare a segmentation with labels made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.compute.progress import PartProgress
from operando.errors import InputError
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class Compare(Step):
    """Score the segmentation against reference labels: overlap and distance of outlines."""

    name: ClassVar[str] = "compare"
    title: ClassVar[str] = "Compare with reference"

    phases: str = Field("phases", title="Phases", description="Segmentation to score")
    reference: str = Field(
        "",
        title="Reference",
        description="File of labels of the same classes, numbered alike from 1; 0 is unknown and "
        "not counted. As many frames as the images, or one",
    )
    frame: int = Field(
        0, ge=0, title="Frame", description="Frame that a reference of one frame belongs to"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the segmentation."""
        del study
        return (f"phases/{self.phases}",)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return one row per frame and phase: Dice, IoU, distance of the outlines."""
        del study
        return (f"tables/{self.phases}_agreement",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Compare frame by frame.

        Raises
        ------
        InputError
            If no reference is named, or it does not fit the images or the classes.
        """
        import pandas as pd

        from operando.files import read
        from operando.segment.compare import compare_labels
        from operando.study.phases import open_phases

        if not self.reference:
            raise InputError("No reference is named", "choose a file of labels")
        labels, _, classes = open_phases(study.product_path(f"phases/{self.phases}"))
        reference = read(Path(self.reference)).data[:, 0]
        frames = self._frames(reference.shape[0], labels.shape[0])
        highest = int(reference.max().compute())
        if highest > len(classes):
            raise InputError(
                f"The reference has the label {highest}, but there are {len(classes)} classes",
                "choose one whose classes are numbered as in the segmentation",
            )
        whole = PartProgress(progress, len(frames))
        tables, hits, known = [], 0, 0
        for i, t in enumerate(frames):
            result = compare_labels(
                reference[i], labels[t], len(classes), spacing=study.voxel_size, progress=whole
            )
            table = result.table([c.name for c in classes])
            table.insert(0, "frame", t)
            tables.append(table)
            hits += int(result.confusion.trace())
            known += int(result.confusion.sum())
            whole.next_part()
        agreement = pd.concat(tables, ignore_index=True)
        study.write_table(f"{self.phases}_agreement", agreement)
        dice = float(agreement["dice"].mean())
        values = {"accuracy": hits / known, "mean_dice": dice}
        return StepResult(f"accuracy {hits / known:.2f}, mean Dice {dice:.2f}", values)

    def _frames(self, given: int, there: int) -> list[int]:
        """Frames of the segmentation that the reference is about."""
        if given == there:
            return list(range(there))
        if given == 1 and self.frame < there:
            return [self.frame]
        raise InputError(
            f"A reference of {given} frames for {there}, frame {self.frame} wanted",
            "give all frames, or one and its number",
        )

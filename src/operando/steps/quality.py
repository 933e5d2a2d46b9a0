"""Judge the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class JudgeQuality(Step):
    """Score noise, sharpness, rings, stripes, brightness and drift of every frame."""

    name: ClassVar[str] = "quality"
    title: ClassVar[str] = "Image quality"

    images: str = IMAGES
    channel: int = Field(0, ge=0, title="Channel", description="Channel to judge, from 0")
    slices: int = Field(
        24, ge=1, le=1000, title="Slices", description="So many slices of every frame are judged"
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the set that is judged."""
        return (self.images,)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the tables of frames and of slices."""
        return ("tables/quality", "tables/quality-slices")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Judge, and keep the tables."""
        from operando.clean import judge

        table, by_slice = judge(
            study.image_series(self.images),
            channel=self.channel,
            slices=self.slices,
            progress=progress,
        )
        study.write_table("quality", table)
        study.write_table("quality-slices", by_slice)
        score = table["score"]
        return StepResult(
            f"score {score.mean():.0f} of 100",
            {
                "mean_score": float(score.mean()),
                "least_score": float(score.min()),
                "mean_noise": float(table["noise"].mean()),
                "mean_separability": float(table["separability"].mean()),
            },
        )

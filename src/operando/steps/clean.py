"""Clean the images: each operation of the room `clean` as a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from operando.clean import (
    AlignSlices,
    CutMargin,
    Deblur,
    Denoise,
    EvenShading,
    MaskLabels,
    MatchIntensity,
    Operation,
    RemoveRings,
    RemoveSpots,
    RemoveStripes,
)
from operando.clean.self_supervised import LearnedDenoise
from operando.steps.phase_names import label_of
from operando.steps.step import IMAGES, Step, StepResult
from operando.study.image_sets import check_new_set, fill_image_set

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.study import Study


class CleanStep(Step, Operation):
    """Makes a cleaned set of images of another one, block by block."""

    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    result: str = Field("clean", title="Result", description="Name of the set that is made")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the set to start from."""
        return (self.images,)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the set that is made."""
        return (f"images/{self.result}",)

    def operation(self, study: Study) -> Operation:
        """Return what is done to the images of a study; the step itself unless it reads more."""
        return self

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Clean block after block; what a stopped run finished is not done again."""
        from operando.study.partial import PartialResult

        product = f"images/{self.result}"
        check_new_set(product, self.images, study.product_path)
        operation = self.operation(study)
        series = operation.reads(study.image_series(self.images))
        path = study.product_path(product).with_suffix(".zarr")
        prepared = operation.prepare(series, progress=progress)
        partial = PartialResult(
            path,
            {
                "step": self.name,
                "settings": self.model_dump(mode="json"),
                "input": [study.fingerprint(product) for product in self.inputs(study)],
            },
        )
        fill_image_set(
            partial,
            series,
            series.data,
            lambda block, place: operation.apply(block, place, prepared),
            operation.extent(series.volume_shape),
            progress=progress,
            message=self.title,
        )
        path.with_suffix(".json").unlink(missing_ok=True)
        return StepResult(f"{self.title.lower()} → {self.result}")


class DenoiseImages(CleanStep, Denoise):
    """Take away noise by a classical filter, as strongly as the noise that is measured."""

    name: ClassVar[str] = "denoise"
    title: ClassVar[str] = "Denoise"

    result: str = Field("denoised", title="Result", description="Name of the set that is made")


class LearnToDenoise(CleanStep, LearnedDenoise):
    """Take away noise by a small network that learns from the series itself (Noise2Void)."""

    name: ClassVar[str] = "denoise-learned"
    title: ClassVar[str] = "Denoise, learned"

    result: str = Field("denoised", title="Result", description="Name of the set that is made")


class DeblurImages(CleanStep, Deblur):
    """Sharpen a Gaussian blur by Richardson-Lucy deconvolution; noise grows with the rounds."""

    name: ClassVar[str] = "deblur"
    title: ClassVar[str] = "Deblur"

    result: str = Field("sharpened", title="Result", description="Name of the set that is made")


class RemoveImageRings(CleanStep, RemoveRings):
    """Take away rings around the rotation axis, slice by slice, in polar coordinates."""

    name: ClassVar[str] = "rings"
    title: ClassVar[str] = "Remove rings"

    result: str = Field("without-rings", title="Result", description="Name of the set that is made")


class RemoveImageStripes(CleanStep, RemoveStripes):
    """Take away straight stripes, such as curtains of a FIB-SEM, by wavelet-Fourier filtering."""

    name: ClassVar[str] = "stripes"
    title: ClassVar[str] = "Remove stripes"

    result: str = Field(
        "without-stripes", title="Result", description="Name of the set that is made"
    )


class EvenImageShading(CleanStep, EvenShading):
    """Even out slow changes of brightness by a low-order surface through one phase."""

    name: ClassVar[str] = "shading"
    title: ClassVar[str] = "Even out shading"

    result: str = Field("even", title="Result", description="Name of the set that is made")


class RemoveImageSpots(CleanStep, RemoveSpots):
    """Replace spots (hot pixels, zingers, charging) by what lies around them, slice by slice."""

    name: ClassVar[str] = "spots"
    title: ClassVar[str] = "Remove spots"

    result: str = Field("without-spots", title="Result", description="Name of the set that is made")


class MatchImageIntensity(CleanStep, MatchIntensity):
    """Bring every frame to the grey values of one frame, by two levels: a linear change only."""

    name: ClassVar[str] = "intensity"
    title: ClassVar[str] = "Match grey values"

    result: str = Field("matched", title="Result", description="Name of the set that is made")


class AlignImageSlices(CleanStep, AlignSlices):
    """Bring the slices of a FIB-SEM stack in line, and take away the shear of a tilted view."""

    name: ClassVar[str] = "slices"
    title: ClassVar[str] = "Align slices"

    result: str = Field("straight", title="Result", description="Name of the set that is made")


class CutImageMargin(CleanStep, CutMargin):
    """Take the margin of one grey value around a reconstruction for not imaged: no phase, NaN."""

    name: ClassVar[str] = "margin"
    title: ClassVar[str] = "Cut off the margin"

    result: str = Field(
        "without-margin", title="Result", description="Name of the set that is made"
    )


class MaskByPhase(CleanStep):
    """Keep the grey values of some phases of a segmentation, and blank all others."""

    name: ClassVar[str] = "mask"
    title: ClassVar[str] = "Mask by phase"

    phases: str = Field("phases", title="Phases", description="Segmentation that says what is what")
    keep: str = Field(
        "particle", title="Phases to keep", description="Their names, separated by commas"
    )
    value: float = Field(
        0.0, ge=-1e9, le=1e9, title="Grey value", description="What all other voxels become"
    )
    margin: int = Field(
        1,
        ge=0,
        le=32,
        title="Margin",
        description="So far around the phases voxels stay as well, as those at a border belong to "
        "both sides",
        json_schema_extra={"unit": "voxels"},
    )
    result: str = Field("masked", title="Result", description="Name of the set that is made")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the set to start from, and the segmentation."""
        return (self.images, f"phases/{self.phases}")

    def operation(self, study: Study) -> Operation:
        """Look up the labels that the names stand for.

        Raises
        ------
        StudyError
            If there is no such segmentation.
        InputError
            If it has no phase of one of the names.
        """
        labels, _, classes = study.phases(self.phases)
        kept = tuple(label_of(name.strip(), classes) for name in self.keep.split(","))
        return MaskLabels(labels=labels, kept=kept, value=self.value, margin=self.margin)


CLEAN_STEPS: tuple[type[CleanStep], ...] = (
    DenoiseImages,
    LearnToDenoise,
    DeblurImages,
    RemoveImageRings,
    RemoveImageStripes,
    EvenImageShading,
    RemoveImageSpots,
    MatchImageIntensity,
    AlignImageSlices,
    CutImageMargin,
    MaskByPhase,
)

"""Line up the frames of a series."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from operando.align.series import LOST, AlignSettings
from operando.steps.step import IMAGES, Step, StepResult
from operando.study.image_sets import check_new_set, fill_image_set, write_transforms

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from operando.align.register import Registration
    from operando.align.series import Remember
    from operando.compute.progress import ProgressCallback
    from operando.study import Study
    from operando.study.partial import PartialResult


class Align(Step, AlignSettings):
    """Take drift and rotation out of a series; images are resampled only where looked at."""

    name: ClassVar[str] = "align"
    title: ClassVar[str] = "Align"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    result: str = Field("aligned", title="Result", description="Name of the set that is made")
    write: bool = Field(
        False,
        title="Write the images",
        description="Keep the aligned voxels on disk: faster to work on, takes four bytes per "
        "voxel. Otherwise they are computed where they are looked at",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the set to start from."""
        return (self.images,)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the aligned set, and the table of shifts and rotations."""
        return (f"images/{self.result}", f"tables/{self.result}")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Register all frames, keep the transforms, and write the images if asked for.

        Frames that a stopped run registered, and blocks that it wrote, are not done again.
        """
        from operando import atomic
        from operando.align import align, resampled
        from operando.compute.blocks import Extent
        from operando.study.partial import PartialResult

        product = f"images/{self.result}"
        check_new_set(product, self.images, study.product_path)
        series = study.image_series(self.images)
        settings = AlignSettings(**{k: getattr(self, k) for k in AlignSettings.model_fields})
        voxels = study.product_path(product).with_suffix(".zarr")
        plan = {
            "settings": settings.model_dump(mode="json"),
            "input": study.fingerprint(self.images),
        }
        registered = PartialResult(voxels.with_suffix(".registered"), plan)
        found = align(series, settings, progress, _kept_in(registered))
        transforms = voxels.with_suffix(".json")
        if self.write:
            moved = resampled(series, found.transforms)
            fill_image_set(
                PartialResult(voxels, plan),
                moved,
                moved.data,
                lambda block, place: block,
                Extent((32, 256, 256)),
                progress=progress,
                message="Writing aligned images",
            )
            atomic.remove(transforms)
        else:
            write_transforms(transforms, self.images, found.transforms, series.voxel_size)
            atomic.remove(voxels)
        study.write_table(self.result, found.table)
        registered.discard()
        return StepResult(*_summarise(found.table))


def _kept_in(partial: PartialResult) -> Remember:
    """Keep every registration in a file of an unfinished result."""
    from operando.align.register import Registration
    from operando.align.transform import Transform
    from operando.atomic import write_text

    def remember(key: str, find: Callable[[], Registration]) -> Registration:
        path = partial.content / f"{key}.json"
        if partial.is_done(key):
            kept = json.loads(path.read_text(encoding="utf-8"))
            return Registration(Transform.from_list(kept["transform"]), *kept["fit"])
        found = find()
        partial.content.mkdir(exist_ok=True)
        fit = [float(found.zncc), float(found.overlap)]
        write_text(path, json.dumps({"transform": found.transform.as_list(), "fit": fit}))
        partial.mark_done(key)
        return found

    return remember


def _summarise(table: pd.DataFrame) -> tuple[str, dict[str, float]]:
    shift = np.linalg.norm(table[[f"shift_{k}_um" for k in "zyx"]].to_numpy(), axis=1)
    lost = int((table["zncc"] < LOST).sum())
    length = float(table["length_change_percent"].abs().max())
    text = f"up to {shift.max():.3g} µm and {table['rotation_deg'].max():.2f}° taken out"
    if lost:
        text += f", {lost} {'frame' if lost == 1 else 'frames'} not found"
    return text, {
        "largest_shift_um": float(shift.max()),
        "largest_rotation_deg": float(table["rotation_deg"].max()),
        "largest_length_change_percent": length,
        "least_zncc": float(table["zncc"].min()),
        "lost_frames": float(lost),
    }

"""Measure how the sample moved and strained between two frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.errors import InputError
from operando.steps.step import IMAGES, Step, StepResult
from operando.strain.settings import CorrelationSettings

if TYPE_CHECKING:
    from operando.compute.progress import ProgressCallback
    from operando.data import DisplacementField, Series
    from operando.strain.grid.tiles import ResultStore
    from operando.study import Study
    from operando.study.fields import UnfinishedField


class MeasureStrain(Step):
    """Digital volume correlation of two frames: displacement, strain and their errors."""

    name: ClassVar[str] = "strain"
    title: ClassVar[str] = "Strain"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    reference: int = Field(
        0, ge=0, title="From frame", description="Index of the undeformed frame, from 0"
    )
    deformed: int = Field(
        -1, ge=-1, title="To frame", description="Index of the deformed frame; -1 is the last"
    )
    window: int = Field(
        21,
        ge=7,
        le=101,
        title="Window (voxels)",
        description="Edge of the cube that is correlated: larger is surer, smaller is finer",
    )
    spacing: int = Field(
        15, ge=2, le=101, title="Spacing (voxels)", description="Distance of measured points"
    )
    channel: int = Field(0, ge=0, title="Channel", description="Channel to correlate, from 0")
    settings: CorrelationSettings = Field(
        default_factory=CorrelationSettings,
        title="Correlation",
        description="How the correlation is done",
    )
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the images."""
        del study
        return (self.images,)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the displacement field of this pair of frames."""
        return (f"strain/{self.pair(study)}",)

    def pair(self, study: Study) -> str:
        """Name of the field: ``"000-003"`` leads from frame 0 to frame 3."""
        reference, deformed = self._frames(study)
        return f"{reference:03d}-{deformed:03d}"

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Correlate tile by tile, and keep the field; what a stopped run solved is kept too.

        Frames that are larger than a tile are read piece by piece; a smaller copy of both, of at
        most 16 million voxels, is held while the coarse motion is looked for. A measurement that
        takes more than moments leaves a preview beside where the field goes, until it is done.
        """
        from operando.strain import correlate
        from operando.study.fields import UnfinishedField

        reference, deformed = self._frames(study)
        unfinished = UnfinishedField(
            study.product_path(f"strain/{self.pair(study)}"),
            {
                "settings": self.model_dump(mode="json"),
                "frames": [reference, deformed],
                "input": study.fingerprint(self.images),
            },
        )
        frames = self._frame(study, reference), self._frame(study, deformed)
        field = correlate(
            *frames,
            spacing=self.spacing,
            window=self.window,
            settings=self.settings,
            device=self.device,
            progress=progress,
            store=self._with_preview(frames, unfinished, progress),
        )
        unfinished.finish(field)
        return StepResult(*_summarise(field))

    def _with_preview(
        self,
        frames: tuple[Any, Any],
        unfinished: UnfinishedField,
        progress: ProgressCallback | None,
    ) -> ResultStore:
        """Show a preview, and make a store that goes on with it as tiles are solved."""
        from operando.strain.growing import GrowingField
        from operando.strain.preview import preview

        edge = self.window | 1
        spacing, window = (self.spacing,) * 3, (edge, edge, edge)
        first = unfinished.preview() or preview(
            *frames,
            spacing=spacing,
            window=window,
            settings=self.settings,
            store=unfinished,
            progress=progress,
        )
        if first is None:
            return unfinished
        unfinished.save_preview(first)
        shape: Any = frames[0].shape
        return GrowingField(
            unfinished, first, shape, spacing, window, self.settings, unfinished.save_preview
        )

    def _frame(self, study: Study, t: int) -> Any:
        images = study.image_series(self.images)
        return frame_or_lazy(images, t, self.channel, self.settings.tile)

    def _frames(self, study: Study) -> tuple[int, int]:
        last = study.series.n_frames - 1
        deformed = last if self.deformed == -1 else self.deformed
        for frame in (self.reference, deformed):
            if frame > last:
                raise InputError(
                    f"There is no frame {frame}", f"the study has the frames 0 to {last}"
                )
        if self.reference == deformed:
            raise InputError(
                f"Strain needs two different frames, both are {deformed}",
                "choose another frame; a study of one frame has no strain",
            )
        return self.reference, deformed


def frame_or_lazy(images: Series, t: int, channel: int, tile: int) -> Any:
    """One frame ``(z, y, x)``: in memory if it is no larger than a tile, else lazy."""
    from operando.strain.grid.tiles import fits_one_tile

    if fits_one_tile(images.volume_shape, tile):
        return images.frame(t, channel)
    return images.data[t, channel]


DISAGREEMENT = 1.3
"""Scatter of neighbours over their predicted errors from which it is said."""


def _summarise(field: DisplacementField) -> tuple[str, dict[str, float]]:
    from operando.strain.field.scatter import neighbour_scatter

    valid = field.valid
    share = float(valid.mean())
    if not valid.any():
        return "no node could be measured", {"nodes": float(valid.size), "valid_fraction": share}
    error = float(np.sqrt(np.median(np.mean(field.sigma[valid].astype(float) ** 2, axis=1))))
    volume = np.linalg.det(np.eye(3) + field.gradient[valid].astype(float))
    scatter = neighbour_scatter(field)
    doubt = f", neighbours differ by {scatter:.1f} times that" if scatter > DISAGREEMENT else ""
    summary = f"{error:.3f} voxel error{doubt}, {100 * share:.0f} % of nodes valid"
    known = {} if np.isnan(scatter) else {"neighbour_scatter": scatter}
    known["noise_inflation"] = float(field.info.get("noise_inflation", 1.0))
    known["own_motion_percent"] = 100 * float(field.info.get("own_motion_share", 0.0))
    return summary, known | {
        "nodes": float(valid.size),
        "valid_fraction": share,
        "predicted_error_voxel": error,
        "gauge_voxel": max(field.gauge_length),
        "median_displacement_voxel": float(
            np.median(np.linalg.norm(field.displacement[valid], axis=1))
        ),
        "median_volume_change_percent": float(100 * (np.nanmedian(volume) - 1)),
    }

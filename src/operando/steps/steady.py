"""Make a segmentation steady in time, without blurring what really changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress, Stopwatch
from operando.errors import InputError
from operando.steps.frame_view import FrameView
from operando.steps.new_phases import FrameBlocks, check_names, open_or_create
from operando.steps.phase_fractions import phase_fractions
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operando.compute.progress import ProgressCallback
    from operando.data import DisplacementField, Series
    from operando.segment.steadying.flicker import Flicker
    from operando.segment.steadying.frame_pair import FramePair
    from operando.study import Study


class Steady(Step):
    """Average probabilities with the frames before and after, where the image did not change."""

    name: ClassVar[str] = "steady"
    title: ClassVar[str] = "Steady in time"
    goes_on: ClassVar[bool] = True

    images: str = IMAGES
    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    result: str = Field(
        "phases_steady",
        title="Result",
        description="Name under which the new segmentation is kept; the one it is made from stays",
    )
    motion: Literal["follow", "none"] = Field(
        "follow",
        title="Motion",
        description="follow: measure how the sample moves from frame to frame and go along; none: "
        "for samples that do not move by even a third of a voxel",
    )
    window: int = Field(
        21,
        ge=7,
        le=101,
        title="Window",
        description="Edge of the cube that is correlated to follow the motion",
        json_schema_extra={"unit": "voxel"},
    )
    limit: float = Field(
        1.5,
        gt=0,
        le=5,
        title="Noise limit",
        description="A voxel is unchanged where the images differ by up to so many standard "
        "deviations of the noise; less leaves more voxels as they are",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return images and segmentation."""
        return (self.images, f"phases/{self.phases}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Labels with probabilities; fraction and flicker of every phase in every frame."""
        return (f"phases/{self.result}", f"tables/{self.result}")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Follow the motion, average block by block, and count what flickers before and after.

        Pairs of frames whose motion cannot be measured are left as they are and not counted.

        Raises
        ------
        InputError
            If there is one frame only, the frames are single slices, or a name is taken.
        """
        from operando.nets.frames import Frames
        from operando.segment.steadying.steady import pairs_of, steady_into
        from operando.study.partial import PartialResult

        check_names(study, self.phases, self.result, self.name)
        images = study.image_series(self.images)
        _check_series(images)
        before, probabilities, classes = study.phases(self.phases)
        partial = PartialResult(study.product_path(f"phases/{self.result}"), self._plan(study))
        after, means = open_or_create(partial, study, classes)
        n = images.n_frames
        whole = PartProgress(progress, 3 * n - 2)
        fields = self._fields(images, whole)
        frames, forward = Frames(images.data), list["FramePair"]()
        blocks = _blocks(images.volume_shape)
        for t in range(n):
            pairs = pairs_of(frames, t, fields, limit=self.limit)
            forward += [pair for pair in pairs if pair.other > t]
            done = FrameBlocks(partial, t)
            steady_into(
                pairs,
                probabilities,
                t,
                labels_out=FrameView(after, t),
                probabilities_out=FrameView(means, t),
                is_done=done.has,
                on_block=done.add,
                watch=Stopwatch(whole, blocks, "blocks", "Averaging over frames"),
            )
            whole.next_part()
        counts = _count(forward, before, after, len(classes), whole)
        table = phase_fractions(after, classes, study.times, means)
        for name, which in (("flicker_before", 0), ("flicker_after", 1)):
            found = [counts[t][which].by_class if t in counts else np.nan for t in range(n)]
            spread = [np.broadcast_to(values, len(classes)) for values in found]
            table[name] = np.concatenate(spread)
        partial.publish()
        study.write_table(self.result, table)
        return StepResult(*_summarise(counts, n))

    def _plan(self, study: Study) -> dict[str, Any]:
        inputs = {product: study.fingerprint(product) for product in self.inputs(study)}
        return inputs | {"settings": self.model_dump(mode="json")}

    def _fields(
        self, images: Series, progress: PartProgress
    ) -> list[DisplacementField | None] | None:
        """Motion from every frame to the next; None where it cannot be measured."""
        from operando.strain import correlate

        found: list[DisplacementField | None] = []
        for t in range(images.n_frames - 1):
            if self.motion == "follow":
                field = correlate(
                    _volume(images, t),
                    _volume(images, t + 1),
                    window=self.window,
                    progress=progress,
                )
                found.append(field if field.valid.any() else None)
            progress.next_part()
        return found or None


def _check_series(images: Series) -> None:
    if images.n_frames < 2:
        raise InputError("There is one frame only", "nothing can flicker; use a series")
    if images.volume_shape[0] == 1:
        raise InputError(
            "The frames are single slices, which are taken to be unrelated",
            "use a series of volumes",
        )


def _volume(images: Series, t: int) -> Any:
    """One frame: in memory if it is no larger than a tile of the correlation, else lazy."""
    from operando.strain.grid.tiles import fits_one_tile
    from operando.strain.settings import CorrelationSettings

    small = fits_one_tile(images.volume_shape, CorrelationSettings().tile)
    return images.frame(t, 0) if small else images.data[t, 0]


def _blocks(shape: Sequence[int]) -> int:
    from operando.compute.tiles import plan_tiles
    from operando.segment.steadying.flicker import BLOCK

    return len(plan_tiles(shape, BLOCK))


def _count(
    pairs: Sequence[FramePair], before: Any, after: Any, n_classes: int, whole: PartProgress
) -> dict[int, tuple[Flicker, Flicker]]:
    """Count flicker from every frame to the next, before and after."""
    from operando.segment.steadying.flicker import count_flicker

    found = {}
    blocks = 2 * _blocks(before.shape[1:])
    for pair in pairs:
        watch = Stopwatch(whole, blocks, "blocks", "Counting what flickers")
        old, new = (
            count_flicker(
                pair, FrameView(a, pair.frame), FrameView(a, pair.other), n_classes, watch
            )
            for a in (before, after)
        )
        found[pair.frame] = old, new
        whole.next_part()
    return found


def _summarise(
    counts: Mapping[int, tuple[Flicker, Flicker]], n_frames: int
) -> tuple[str, dict[str, float]]:
    """Rates over all pairs of frames."""
    values = {"pairs_not_followed": float(n_frames - 1 - len(counts))}
    if not counts:
        return "the motion could not be followed; nothing was changed", values
    for which, name in enumerate(("flicker_before", "flicker_after")):
        flickered = sum(int(pair[which].flickered.sum()) for pair in counts.values())
        unchanged = sum(int(pair[which].unchanged.sum()) for pair in counts.values())
        values[name] = flickered / max(unchanged, 1)
    voxels = sum(pair[0].voxels for pair in counts.values())
    values["unchanged_fraction"] = unchanged / voxels
    rates = (f"{100 * values[name]:.2f} %" for name in ("flicker_before", "flicker_after"))
    return f"flicker {' → '.join(rates)}", values

"""Label every voxel of every frame with a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress
from operando.steps.step import IMAGES, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.study import Study
    from operando.study.partial import PartialResult


class Segment(Step):
    """Label every frame with the model, tile by tile with blended overlap."""

    name: ClassVar[str] = "segment"
    title: ClassVar[str] = "Segment"

    images: str = IMAGES
    model: str = Field("model", title="Model", description="Model of this study to use")
    phases: str = Field("phases", title="Phases", description="Name under which labels are kept")
    device: str = Field("auto", title="Device", description="auto, cpu, cuda or mps")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Images and model."""
        del study
        return (self.images, f"models/{self.model}")

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Labels with probabilities, and the fraction of every phase in every frame."""
        del study
        return (f"phases/{self.phases}", f"tables/{self.phases}")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Segment block after block; what a stopped run finished is not done again."""
        from operando.segment import Model, predict_into
        from operando.study.partial import PartialResult
        from operando.study.phases import create_phases, open_phases

        model = Model.load(study.product_path(f"models/{self.model}"))
        plan = {product: study.fingerprint(product) for product in self.inputs(study)}
        partial = PartialResult(study.product_path(f"phases/{self.phases}"), plan)
        if partial.content.exists():
            labels, probabilities, _ = open_phases(partial.content, writable=True)
        else:
            labels, probabilities = create_phases(partial.content, study, model.classes)
        images = study.image_series(self.images)
        whole = PartProgress(progress, images.n_frames)
        for t in range(images.n_frames):
            done = _FrameBlocks(partial, t)
            predict_into(
                model,
                images.data[t],
                labels_out=FrameView(labels, t),
                probabilities_out=FrameView(probabilities, t),
                is_done=done.has,
                on_block=done.add,
                device=self.device,
                progress=whole,
            )
            whole.next_part()
        table = phase_fractions(labels, model.classes, study.times, probabilities)
        partial.publish()
        study.write_table(self.phases, table)
        return StepResult(*_summarise(table))


class FrameView:
    """One frame of a Zarr array, as an array of one axis less."""

    def __init__(self, array: Any, t: int) -> None:
        self._array = array
        self._t = t
        self.shape: tuple[int, ...] = array.shape[1:]

    def __getitem__(self, box: slice | tuple[int | slice, ...]) -> Any:
        return self._array[(self._t, *(box if isinstance(box, tuple) else (box,)))]

    def __setitem__(self, box: tuple[slice, ...], block: Any) -> None:
        self._array[(self._t, *box)] = block


class _FrameBlocks:
    """Which blocks of one frame are done."""

    def __init__(self, partial: PartialResult, t: int) -> None:
        self._partial = partial
        self._t = t

    def has(self, box: tuple[slice, ...]) -> bool:
        return self._partial.is_done(self._key(box))

    def add(self, box: tuple[slice, ...]) -> None:
        self._partial.mark_done(self._key(box))

    def _key(self, box: tuple[slice, ...]) -> str:
        return f"{self._t} " + " ".join(f"{side.start}:{side.stop}" for side in box)


def phase_fractions(
    labels: Any, classes: Sequence[LabelClass], times: Sequence[float], probabilities: Any = None
) -> pd.DataFrame:
    """Volume fraction of every class in every frame.

    Parameters
    ----------
    labels
        ``(t, z, y, x)``; read slab by slab.
    classes
        Class k has the label k + 1.
    times
        Hours.
    probabilities
        ``(t, c, z, y, x)`` uint8, from which error bars come; None gives none.

    Returns
    -------
    Columns ``frame``, ``time_h``, ``phase``, ``fraction``, and with probabilities
    ``fraction_low`` and ``fraction_high``, a 95 % interval (see `fraction_intervals`).
    """
    import pandas as pd

    from operando.segment.uncertainty import fraction_intervals

    rows = []
    slab = max(1, labels.chunks[1]) if hasattr(labels, "chunks") else 32
    for t, time_h in enumerate(times):
        counts = np.zeros(256, np.int64)
        for z in range(0, labels.shape[1], slab):
            counts += np.bincount(np.asarray(labels[t, z : z + slab]).ravel(), minlength=256)
        bounds = (
            fraction_intervals(FrameView(probabilities, t)) if probabilities is not None else None
        )
        for k, label_class in enumerate(classes):
            row = (t, time_h, label_class.name, counts[k + 1] / counts.sum())
            rows.append((*row, bounds.low[k], bounds.high[k]) if bounds else row)
    interval = ["fraction_low", "fraction_high"] if probabilities is not None else []
    return pd.DataFrame(rows, columns=["frame", "time_h", "phase", "fraction", *interval])


def _summarise(table: pd.DataFrame) -> tuple[str, dict[str, float]]:
    means = table.groupby("phase", sort=False)["fraction"].mean()
    summary = " · ".join(f"{phase} {100 * share:.0f} %" for phase, share in means.items())
    return summary, {f"{phase}_fraction": float(share) for phase, share in means.items()}

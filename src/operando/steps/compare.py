"""Compare a segmentation with labels made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress
from operando.errors import InputError, as_path
from operando.steps.frame_view import FrameView
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import dask.array as da
    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.study import Study

REFERENCE: Any = Field(
    "",
    title="Reference",
    description="File of labels of the same classes, numbered alike from 1; 0 is unknown and "
    "not counted, nor frames without any. As many frames as the images, or one",
)
FRAME: Any = Field(
    0, ge=0, title="Frame", description="Frame that a reference of one frame belongs to"
)


class Compare(Step):
    """Score the segmentation against reference labels: overlap and distance of outlines."""

    name: ClassVar[str] = "compare"
    title: ClassVar[str] = "Compare with reference"

    phases: str = Field("phases", title="Phases", description="Segmentation to score")
    reference: str = REFERENCE
    frame: int = FRAME

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the segmentation and the reference."""
        return (f"phases/{self.phases}", *reference_files(self.reference))

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return one row per frame and phase: Dice, IoU, distance of the outlines, interfaces."""
        return (f"tables/{self.phases}_agreement",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Compare frame by frame.

        Raises
        ------
        InputError
            If no reference is named, or it does not fit the images or the classes.
        """
        labels, _, classes = study.phases(self.phases)
        reference = open_reference(self.reference, self.frame, labels.shape[0], len(classes))
        agreement, result = compare_frames(
            reference,
            lambda t: FrameView(labels, t),
            classes,
            study.voxel_size,
            PartProgress(progress, len(reference.frames)),
        )
        study.write_table(f"{self.phases}_agreement", agreement)
        return result


@dataclass(frozen=True)
class Reference:
    """Labels made elsewhere.

    Parameters
    ----------
    labels
        ``(n, z, y, x)`` uint8, classes from 1, 0 where unknown.
    frames
        ``(n,)`` frame of the series that each belongs to.
    """

    labels: Any
    frames: tuple[int, ...]


def reference_files(path: str) -> tuple[str, ...]:
    """Name the file of a reference as what a step reads; none if it is not named."""
    return (f"file:{as_path(path).resolve()}",) if path else ()


def open_reference(path: str, frame: int, n_frames: int, n_classes: int) -> Reference:
    """Open a file of reference labels of all frames of a series, or of one.

    Frames without any label are left out.

    Raises
    ------
    InputError
        If no file is named, its frames or classes do not fit, it holds numbers that are no
        classes, or nothing is labelled.
    """
    from operando.files import read

    if not path:
        raise InputError("No reference is named", "choose a file of labels")
    labels = read(path).data[:, 0]
    frames = _frames(labels.shape[0], n_frames, frame)
    if labels.dtype.kind == "f":
        labels = _numbered(labels)
    largest = labels.max(axis=(1, 2, 3)).compute()
    highest = int(largest.max())
    if highest > n_classes:
        raise InputError(
            f"The reference has the label {highest}, but there are {n_classes} classes",
            "choose one whose classes are numbered as in the segmentation",
        )
    labelled = np.flatnonzero(largest > 0)
    if not len(labelled):
        raise InputError(f"{path} labels no voxel", "choose labels from 1, 0 is unknown")
    known = labels[labelled].clip(0, n_classes).astype(np.uint8)
    return Reference(known, tuple(frames[i] for i in labelled))


def compare_frames(
    reference: Reference,
    labels_of: Callable[[int], Any],
    classes: Sequence[LabelClass],
    voxel_size: Sequence[float],
    progress: PartProgress,
) -> tuple[pd.DataFrame, StepResult]:
    """Score labels against a reference, frame by frame.

    Parameters
    ----------
    reference
        Frames that are scored.
    labels_of
        Gives the labels ``(z, y, x)`` of a frame.
    classes
        Class k has the label k + 1.
    voxel_size
        ``(z, y, x)``, µm.
    progress
        Goes on by one part with every frame.

    Returns
    -------
    One row per frame and phase, and accuracy and mean Dice over all.
    """
    import pandas as pd

    from operando.segment.scoring.compare import compare_labels

    tables, hits, known = [], 0, 0
    for i, t in enumerate(reference.frames):
        found = compare_labels(
            reference.labels[i],
            labels_of(t),
            len(classes),
            spacing=voxel_size,
            progress=progress,
        )
        table = found.table([c.name for c in classes])
        table.insert(0, "frame", t)
        tables.append(table)
        hits += int(found.confusion.trace())
        known += int(found.confusion.sum())
        progress.next_part()
    agreement = pd.concat(tables, ignore_index=True)
    dice = float(agreement["dice"].mean())
    values = {"accuracy": hits / known, "mean_dice": dice}
    return agreement, StepResult(f"accuracy {hits / known:.2f}, mean Dice {dice:.2f}", values)


def _numbered(labels: da.Array) -> da.Array:
    """Let NaN be unknown in labels that are stored as real numbers; refuse what is no class."""
    import dask.array as da

    known = da.nan_to_num(labels)
    between = float(da.where(known % 1 == 0, 0, known).max())
    if between > 0:
        raise InputError(
            f"The reference holds the value {between:g}, which is no class",
            "choose a file of labels: whole numbers from 1, 0 is unknown",
        )
    return known


def _frames(given: int, there: int, frame: int) -> tuple[int, ...]:
    """Frames of the series that the reference is about."""
    if given == there:
        return tuple(range(there))
    if given == 1 and frame < there:
        return (frame,)
    raise InputError(
        f"A reference of {given} frames for {there}, frame {frame} wanted",
        "give all frames, or one and its number",
    )

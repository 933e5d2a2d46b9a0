"""Repair a segmentation: small islands removed, gaps of a thin phase closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.compute.progress import PartProgress, Stopwatch
from operando.errors import InputError
from operando.steps.frame_view import FrameView
from operando.steps.new_phases import check_names, open_or_create
from operando.steps.phase_fractions import phase_fractions
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.study import Study

    Triple = tuple[float, float, float]

_ISLAND_VOXELS = 27
_GAP_VOXELS = 3


class Repair(Step):
    """Give small islands to the phase around them, and close gaps along the likeliest path."""

    name: ClassVar[str] = "repair"
    title: ClassVar[str] = "Repair"
    goes_on: ClassVar[bool] = True

    phases: str = Field("phases", title="Phases", description="Segmentation to start from")
    result: str = Field(
        "phases_repaired",
        title="Result",
        description="Name under which the new segmentation is kept; the one it is made from stays",
    )
    island_um3: float | None = Field(
        None,
        ge=0,
        title="Islands smaller than",
        description="Pieces smaller than this go to the phase they touch most, unless they touch a "
        f"side of the volume; automatic: {_ISLAND_VOXELS} voxels; 0: none",
        json_schema_extra={"unit": "µm³"},
    )
    island_phase: str = Field(
        "", title="Islands of", description="Phase whose islands are removed; empty: every phase"
    )
    bridge_phase: str = Field(
        "",
        title="Close gaps of",
        description="Thin phase, such as binder, whose gaps are closed by a path one voxel thick; "
        "empty: none",
    )
    gap_um: float | None = Field(
        None,
        ge=0,
        title="Gaps up to",
        description=f"Longest gap that is closed; automatic: {_GAP_VOXELS} voxels",
        json_schema_extra={"unit": "µm"},
    )
    probability: float = Field(
        0.25,
        ge=0.01,
        le=1,
        title="Least probability",
        description="Mean probability that the phase must have along the path",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the segmentation."""
        return (f"phases/{self.phases}",)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Labels with the probabilities as they were; fractions and what was changed."""
        return (f"phases/{self.result}", f"tables/{self.result}")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Repair frame by frame; probabilities stay those of the model.

        A slab of the volume with its surroundings is in memory at a time, and one number for
        every piece.

        Raises
        ------
        InputError
            If a phase is not there, or a name is taken.
        """
        import pandas as pd

        from operando.study.partial import PartialResult

        check_names(study, self.phases, self.result, self.name)
        labels, probabilities, classes = study.phases(self.phases)
        islands, bridged = (
            _number(name, classes) for name in (self.island_phase, self.bridge_phase)
        )
        partial = PartialResult(
            study.product_path(f"phases/{self.result}"),
            {p: study.fingerprint(p) for p in self.inputs(study)}
            | {"settings": self.model_dump(mode="json")},
        )
        after, shares = open_or_create(partial, study, classes)
        whole = PartProgress(progress, len(study.times))
        rows: list[dict[str, Any]] = []
        for t in range(len(study.times)):
            watch = Stopwatch(whole, 4, "stages", "Islands")
            old, new = FrameView(labels, t), FrameView(after, t)
            removed = self._remove_islands(old, new, islands, study.voxel_size, watch)
            watch.advance(message="Gaps")
            made = 0
            if bridged:
                likely = FrameView(FrameView(probabilities, t), bridged - 1)
                made = self._close_gaps(new, likely, bridged, study.voxel_size, watch)
            watch.advance(message="Counting")
            rows += _changes(old, new, removed, len(classes), made, bridged)
            watch.advance(message="Copying probabilities")
            for z in range(0, labels.shape[1], shares.chunks[2]):
                part = slice(z, z + shares.chunks[2])
                shares[t, :, part] = probabilities[t, :, part]
            watch.advance()
            whole.next_part()
        fractions = phase_fractions(after, classes, study.times, shares)
        table = pd.concat([fractions, pd.DataFrame(rows)], axis=1)
        partial.publish()
        study.write_table(self.result, table)
        return StepResult(*_summarise(table, labels.size))

    def _remove_islands(
        self, old: FrameView, new: FrameView, only: int, spacing: Triple, watch: Stopwatch
    ) -> NDArray[np.int64]:
        """Write a frame without islands; how many of every label ``(256,)`` there were."""
        from operando.segment.phases.islands import surrounding_classes, without_islands
        from operando.segment.phases.pieces import Pieces

        voxel = float(np.prod(spacing))
        least = _ISLAND_VOXELS if self.island_um3 is None else self.island_um3 / voxel
        pieces = Pieces(old, not_imaged=0, on_slab=lambda: watch.advance(0))
        around = surrounding_classes(pieces, old, least - 1e-6, {only} if only else ())
        for z, end in pieces.slabs():
            new[z:end] = without_islands(pieces, around, np.asarray(old[z:end]), z)
        return np.bincount(pieces.classes[around > 0], minlength=256)

    def _close_gaps(
        self, new: FrameView, likely: FrameView, label: int, spacing: Triple, watch: Stopwatch
    ) -> int:
        """Draw bridges into a frame; how many."""
        from operando.segment.phases.bridges import find_bridges
        from operando.segment.phases.pieces import Pieces

        longest = self.gap_um
        if longest is None:
            longest = _GAP_VOXELS * float(np.cbrt(np.prod(spacing)))
        pieces = Pieces(new, label, on_slab=lambda: watch.advance(0))
        found = find_bridges(
            pieces,
            likely,
            spacing=spacing,
            longest=longest,
            least_probability=self.probability,
        )
        voxels = np.concatenate([np.empty((0, 3), np.int64), *(b.voxels for b in found)])
        for start, end in pieces.slabs():
            here = voxels[(voxels[:, 0] >= start) & (voxels[:, 0] < end)]
            if len(here):
                block = np.asarray(new[start:end])
                block[tuple((here - [start, 0, 0]).T)] = label
                new[start:end] = block
        return len(found)


def _number(name: str, classes: Sequence[LabelClass]) -> int:
    """Label of a phase; 0 for no name."""
    names = [c.name for c in classes]
    if name and name not in names:
        raise InputError(f"There is no phase {name!r}", f"use one of {', '.join(names)}")
    return names.index(name) + 1 if name else 0


def _changes(
    old: FrameView,
    new: FrameView,
    removed: NDArray[np.int64],
    n_classes: int,
    bridges: int,
    bridged: int,
) -> list[dict[str, Any]]:
    """One row per class: islands removed, bridges made, voxels gained and lost."""
    from operando.segment.phases.pieces import SLAB

    gained, lost = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for z in range(0, old.shape[0], SLAB):
        was, now = (np.asarray(a[z : z + SLAB]) for a in (old, new))
        other = was != now
        gained += np.bincount(now[other], minlength=256)
        lost += np.bincount(was[other], minlength=256)
    return [
        {
            "islands_removed": int(removed[k]),
            "bridges_made": bridges if k == bridged else 0,
            "voxels_gained": int(gained[k]),
            "voxels_lost": int(lost[k]),
        }
        for k in range(1, n_classes + 1)
    ]


def _summarise(table: Any, voxels: int) -> tuple[str, dict[str, float]]:
    islands, bridges = int(table["islands_removed"].sum()), int(table["bridges_made"].sum())
    share = float(table["voxels_gained"].sum() / voxels)
    values = {
        "islands_removed": float(islands),
        "bridges_made": float(bridges),
        "changed_fraction": share,
    }
    for phase, rows in table.groupby("phase", sort=False):
        for change in ("voxels_gained", "voxels_lost"):
            values[f"{phase}_{change}"] = float(rows[change].sum())
    removed, closed = (
        f"{n} {what}{'' if n == 1 else 's'}" for n, what in ((islands, "island"), (bridges, "gap"))
    )
    text = f"{removed} removed, {closed} closed, {100 * share:.2f} % of the voxels changed"
    return text, values

"""How every phase hangs together, in every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from operando.compute.progress import PartProgress
from operando.steps.frame_view import FrameView
from operando.steps.step import Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.segment.phases.connectivity import Connectivity, Reading
    from operando.study import Study


class MeasureConnectivity(Step):
    """Measure percolation, clusters, Euler number and interfaces of every phase and frame."""

    name: ClassVar[str] = "connectivity"
    title: ClassVar[str] = "Connectivity"

    phases: str = Field("phases", title="Phases", description="Segmentation to measure")

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the segmentation."""
        return (f"phases/{self.phases}",)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return one row per frame, phase and reading; and one per frame and pair of phases."""
        return (f"tables/{self.phases}_connectivity", f"tables/{self.phases}_interfaces")

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Measure frame by frame, slab by slab."""
        import pandas as pd

        from operando.segment.phases.connectivity import (
            interface_areas,
            labelled_box,
            measure_connectivity,
        )

        labels, probabilities, classes = study.phases(self.phases)
        whole = PartProgress(progress, len(study.times))
        rows: list[dict[str, Any]] = []
        pairs: list[dict[str, Any]] = []
        for t, time_h in enumerate(study.times):
            frame = {"frame": t, "time_h": time_h}
            volume = FrameView(labels, t)
            found = measure_connectivity(
                volume,
                FrameView(probabilities, t),
                n_classes=len(classes),
                spacing=study.voxel_size,
                box=labelled_box(volume),
                progress=whole,
            )
            imaged = sum(readings["labels"].voxels for readings in found)
            for label_class, readings in zip(classes, found, strict=True):
                rows += [frame | row for row in _rows(label_class.name, readings, imaged)]
            area = interface_areas(volume, len(classes), study.voxel_size)
            pairs += [frame | pair for pair in _pairs(classes, area)]
            whole.next_part()
        table = pd.DataFrame(rows)
        study.write_table(f"{self.phases}_connectivity", table)
        study.write_table(f"{self.phases}_interfaces", pd.DataFrame(pairs))
        return StepResult(*_summarise(table))


def _rows(
    phase: str, readings: Mapping[Reading, Connectivity], imaged: int
) -> Iterator[dict[str, Any]]:
    for reading, found in readings.items():
        z, y, x = found.percolating
        yield {
            "phase": phase,
            "reading": reading,
            "fraction": found.voxels / max(1, imaged),
            "percolating_z": z,
            "percolating_y": y,
            "percolating_x": x,
            "clusters": found.clusters,
            "isolated_clusters": found.isolated,
            "isolated_fraction": found.isolated_share,
            "euler_number": found.euler,
            "surface_um2": found.surface,
        }


def _pairs(classes: tuple[LabelClass, ...], area: NDArray[Any]) -> Iterator[dict[str, Any]]:
    for i, one in enumerate(classes):
        for j, other in enumerate(classes[i + 1 :], i + 1):
            yield {"phase": one.name, "other": other.name, "area_um2": float(area[i, j])}


def _summarise(table: pd.DataFrame) -> tuple[str, dict[str, float]]:
    """Mean over frames and axes of the percolating share, as labelled."""
    axes = ["percolating_z", "percolating_y", "percolating_x"]
    labelled = table[table["reading"] == "labels"]
    share = labelled.groupby("phase", sort=False)[axes].mean().mean(axis=1).dropna()
    text = ", ".join(f"{phase} {100 * value:.0f} %" for phase, value in share.items())
    values = {f"{phase}_percolating": float(value) for phase, value in share.items()}
    return f"percolating: {text}", values

"""Measure the particles of a frame that need not be in memory, a block of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import PartProgress
from operando.compute.surface import LONGEST
from operando.particles.labels.boxes import grown
from operando.particles.labels.frames import blocks, groups, places
from operando.particles.measuring.grey import grey_scale_of_blocks
from operando.particles.measuring.measure import (
    PACKING_DIAMETERS,
    empty_table,
    measure,
    refresh_neighbours,
    typical_size,
)
from operando.particles.settings import MeasureSettings, PhaseLabels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.labels.boxes import Box
    from operando.particles.measuring.grey import GreyScale

MARGIN = LONGEST + 1
"""Voxels of the surroundings that every measure may look at, besides the lengths in settings."""


def measure_blocks(
    ids: Any,
    *,
    phases: Any,
    image: Any,
    spacing: tuple[float, float, float],
    phase: int,
    labels: PhaseLabels,
    probabilities: Any | None = None,
    settings: MeasureSettings | None = None,
    frame: int = 0,
    time_h: float = 0.0,
    edge: int | None = None,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Measure every particle of one frame; see `measure`.

    Parameters
    ----------
    ids, phases, image, probabilities
        As in `measure`: arrays that give a NumPy array for a box of slices, such as those of Zarr.
    spacing, phase, labels, settings, frame, time_h, progress
        As in `measure`.
    edge
        Edge of the blocks, voxels; by default frames up to 160 million voxels are one block.
    """
    import pandas as pd

    settings = settings or MeasureSettings()
    found = places(ids, edge)
    scale = scale_of_frame(image, phases, labels, edge)
    together = list(groups(found, ids.shape, edge))
    part = PartProgress(progress, max(1, len(together)))
    around = settings.packing_window or PACKING_DIAMETERS * typical_size(found.count, spacing)
    tables = []
    for box, own in together:
        tables.append(
            measure_in(
                box,
                set(own.tolist()),
                ids=ids,
                phases=phases,
                image=image,
                probabilities=probabilities,
                spacing=spacing,
                phase=phase,
                labels=labels,
                settings=settings.model_copy(update={"packing_window": around}),
                scale=scale,
                frame=frame,
                time_h=time_h,
                progress=part,
            )
        )
        part.next_part()
    if not tables:
        return empty_table()
    table = pd.concat(tables).sort_values("particle", ignore_index=True)
    return refresh_neighbours(table)


def measure_in(
    box: Box,
    only: Collection[int],
    *,
    ids: Any,
    phases: Any,
    image: Any,
    probabilities: Any | None,
    spacing: tuple[float, float, float],
    phase: int,
    labels: PhaseLabels,
    settings: MeasureSettings,
    scale: GreyScale | None,
    frame: int,
    time_h: float,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Measure particles that lie wholly in a box of a frame.

    Parameters
    ----------
    box
        What holds them.
    only
        Their ids.
    settings
        With a `packing_window`.
    scale
        Of the grey levels in the whole frame; None if there is none.
    ids, phases, image, probabilities, spacing, phase, labels, frame, time_h, progress
        As in `measure_blocks`.

    Returns
    -------
    As of `measure`, but for the distances to neighbours, which the box does not show.
    """
    size = np.asarray(spacing)
    reach = max((settings.packing_window or 0.0) / 2, settings.contact_reach)
    wide = grown(box, int(np.ceil(reach / size.min())) + MARGIN, ids.shape)
    if scale is None:
        labels = labels.model_copy(update={"grey_low": None, "grey_high": None})
    rows = measure(
        np.asarray(ids[wide]),
        phases=np.asarray(phases[wide]),
        image=np.asarray(image[wide]),
        spacing=spacing,
        phase=phase,
        labels=labels,
        probabilities=None
        if probabilities is None
        else np.asarray(probabilities[(slice(None), *wide)]),
        settings=settings,
        scale=scale,
        only=only,
        frame=frame,
        time_h=time_h,
        progress=progress,
    )
    low = np.array([s.start for s in wide]) * size
    high = (np.array(ids.shape) - [s.stop for s in wide]) * size
    rows[["z_um", "y_um", "x_um"]] += low
    axis, end = settings.collector_end
    rows["depth_um"] += low[axis] if end == 0 else high[axis]
    return rows


def scale_of_frame(
    image: Any, phases: Any, labels: PhaseLabels, edge: int | None = None
) -> GreyScale | None:
    """Find the scale of the grey levels of a frame; see `measure_blocks`."""
    blocks = _grey_blocks(image, phases, edge)
    return grey_scale_of_blocks(blocks, labels.grey_low, labels.grey_high)


def _grey_blocks(
    image: Any, phases: Any, edge: int | None
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    for box in blocks(phases.shape, edge):
        yield np.asarray(image[box]), np.asarray(phases[box])

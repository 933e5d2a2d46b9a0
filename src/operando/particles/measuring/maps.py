"""Where damage is in the electrode: crack surface per volume, in coarse blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.compute.surface import reach_of
from operando.errors import InputError
from operando.particles.labels.arrays import check_ids, check_same_shape, check_spacing, solid_of
from operando.particles.labels.names import numbered
from operando.particles.measuring.body import cut_out
from operando.particles.measuring.damage import crack_faces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback


def crack_surface_map(
    ids: NDArray[Any],
    phases: NDArray[Any],
    *,
    phase: int | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    block: float = 2.0,
    window: float = 6.0,
    progress: ProgressCallback | None = None,
) -> tuple[NDArray[np.float32], tuple[float, float, float]]:
    """Area of crack walls per volume of particles, around every block of the electrode.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, particles with their cracks.
    phases, phase
        As in `operando.particles.measure`.
    spacing
        Voxel size ``(z, y, x)``, µm.
    block
        Edge of a block, µm; rounded to whole voxels.
    window
        Edge of the cube around a block over which area and volume are summed, µm.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    concentration
        ``(Z / b, Y / b, X / b)`` in 1/µm; NaN where the window holds no particle.
    edges
        Size of a block ``(z, y, x)``, µm.
    """
    from scipy.ndimage import find_objects, uniform_filter

    ids, _ = numbered(check_ids(ids))
    spacing = check_spacing(spacing)
    if not 0 < block <= window:
        raise InputError(
            f"Blocks of {block} µm do not fit in a window of {window} µm",
            "choose a window at least as large",
        )
    solid = solid_of(check_same_shape(phases, ids, "The phases"), phase)
    step = np.maximum(np.rint(block / np.asarray(spacing)), 1).astype(int)
    shape = -(-np.asarray(ids.shape) // step)
    area = np.zeros(shape)
    volume = _count_in_blocks(ids > 0, step) * float(np.prod(spacing))
    boxes = [(i, b) for i, b in enumerate(find_objects(ids), start=1) if b is not None]
    watch = Stopwatch(progress, len(boxes), "particles", "Mapping cracks")
    for label, box in boxes:
        body = cut_out(label, box, ids, solid, spacing, max(reach_of(spacing)))
        if body.cracks.any():
            faces = crack_faces(body)
            at = (faces.inside + [s.start for s in body.box]) // step
            np.add.at(area, tuple(at.T), faces.area)
        watch.advance()
    edges = step * np.asarray(spacing)
    size = np.maximum(np.rint(window / edges), 1).astype(int)
    size += 1 - size % 2
    around_area, around_volume = (
        uniform_filter(values, size, mode="constant") for values in (area, volume)
    )
    there = around_volume > 1e-9 * max(float(volume.max(initial=0)), 1e-30)
    out = np.full(area.shape, np.nan, np.float32)
    out[there] = np.maximum(around_area[there], 0) / around_volume[there]
    z, y, x = (float(e) for e in edges)
    return out, (z, y, x)


def _count_in_blocks(mask: NDArray[np.bool_], step: NDArray[np.int_]) -> NDArray[np.float64]:
    counts: NDArray[Any] = mask
    for axis in range(3):
        starts = np.arange(0, mask.shape[axis], step[axis])
        counts = np.add.reduceat(counts, starts, axis=axis, dtype=np.int32)
    return counts.astype(float)

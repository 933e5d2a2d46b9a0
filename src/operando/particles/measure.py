"""Measure particles: one row per particle of a frame, in physical units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.data.tables import PARTICLE_COLUMNS
from operando.errors import InputError
from operando.particles.arrays import check_ids, check_same_shape, check_spacing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback

    Box = tuple[slice, slice, slice]


def measure(
    ids: NDArray[Any],
    *,
    phases: NDArray[Any] | None = None,
    image: NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    phase: int | None = None,
    frame: int = 0,
    time_h: float = 0.0,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Measure every particle of one frame.

    Where the image border cuts a particle, the cut is no surface: `surface_um2` leaves it out.
    The sphericity takes the cut as flat faces of the body; it is held to at most 1, which a few
    voxels alone would exceed.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, particles with the cracks and pores inside them, 0 where there is none.
    phases
        ``(Z, Y, X)`` mask of the solid, or labels of phases. Without it there is no crack fraction
        (NaN) and the mean grey is that of the whole particle.
    image
        ``(Z, Y, X)`` grey values; without it the mean grey is NaN. Voxels that are NaN in it are
        left out.
    spacing
        Voxel size ``(z, y, x)`` in µm.
    phase
        Label of the particles in `phases`; not needed for a mask.
    frame, time_h
        Written into the table.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    One row per particle, sorted by id, with the columns `operando.data.PARTICLE_COLUMNS`.
    Centroids are those of voxel centres; voxel (0, 0, 0) lies at 0 µm.

    Raises
    ------
    InputError
        If the volumes do not fit together.
    """
    from scipy.ndimage import find_objects

    ids = check_ids(ids)
    spacing = check_spacing(spacing)
    solid = None if phases is None else _solid(phases, phase, ids)
    if image is not None:
        image = _check_image(image, ids)
    boxes = [(i, b) for i, b in enumerate(find_objects(ids), start=1) if b is not None]
    watch = Stopwatch(progress, len(boxes), "particles", "Measuring particles")
    rows = []
    for label, box in boxes:
        row = _measure_one(label, box, ids, solid, image, spacing)
        rows.append({"frame": frame, "time_h": time_h, **row})
        watch.advance()
    return _table(rows)


def empty_table() -> pd.DataFrame:
    """Return a table without rows that has the columns and types of a measured one."""
    return _table([])


def _measure_one(
    label: int,
    box: Box,
    ids: NDArray[np.int32],
    solid: NDArray[np.bool_] | None,
    image: NDArray[Any] | None,
    spacing: tuple[float, float, float],
) -> dict[str, Any]:
    from operando.particles.surface import surface_area

    mask = ids[box] == label
    count = int(mask.sum())
    volume = count * float(np.prod(spacing))
    sides = tuple((s.start == 0, s.stop == n) for s, n in zip(box, ids.shape, strict=True))
    cut = _cut_area(mask, sides, spacing)
    surface = surface_area(mask, spacing, sides)
    body = mask if solid is None else mask & solid[box]
    centroid = [
        spacing[axis] * (box[axis].start + _mean_index(mask, axis, count)) for axis in range(3)
    ]
    closed = surface + cut
    return {
        "particle": label,
        "volume_um3": volume,
        "diameter_um": (6 * volume / np.pi) ** (1 / 3),
        "surface_um2": surface,
        "sphericity": min(1.0, np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / closed),
        "mean_intensity": np.nan if image is None else _mean_grey(image[box], body),
        "crack_fraction": np.nan if solid is None else 1 - np.count_nonzero(body) / count,
        "on_edge": any(any(pair) for pair in sides),
        "z_um": centroid[0],
        "y_um": centroid[1],
        "x_um": centroid[2],
    }


def _mean_index(mask: NDArray[np.bool_], axis: int, count: int) -> float:
    others = tuple(a for a in range(3) if a != axis)
    return float(mask.sum(axis=others) @ np.arange(mask.shape[axis]) / count)


def _cut_area(
    mask: NDArray[np.bool_],
    sides: tuple[tuple[bool, bool], ...],
    spacing: tuple[float, float, float],
) -> float:
    """Area of the flat faces where the image border cuts the particle."""
    area = 0.0
    for axis, (first, last) in enumerate(sides):
        face = float(np.prod(spacing)) / spacing[axis]
        area += face * first * np.count_nonzero(mask.take(0, axis))
        area += face * last * np.count_nonzero(mask.take(-1, axis))
    return area


def _mean_grey(image: NDArray[Any], body: NDArray[np.bool_]) -> float:
    values = image[body]
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)]
    return float(values.mean(dtype=np.float64)) if values.size else float("nan")


def _solid(phases: NDArray[Any], phase: int | None, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
    from operando.particles.split import solid_of

    return solid_of(check_same_shape(phases, ids, "The phases"), phase)


def _check_image(image: NDArray[Any], ids: NDArray[np.int32]) -> NDArray[Any]:
    image = check_same_shape(image, ids, "The image")
    if image.dtype.kind not in "biuf":
        raise InputError(f"Voxels of type {image.dtype} are no grey values")
    return image


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=[c.name for c in PARTICLE_COLUMNS])
    kinds = dict.fromkeys(table.columns, "float64")
    kinds |= {"frame": "int64", "particle": "int64", "on_edge": "bool"}
    return table.astype(kinds)

"""Measure particles: one row per particle of a frame, in physical units."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.data.tables import PARTICLE_COLUMNS
from operando.particles.labels.arrays import check_ids
from operando.particles.labels.boxes import sides_at_border
from operando.particles.labels.names import numbered
from operando.particles.labels.sums import count_and_centre
from operando.particles.measuring.contact import (
    detachment_error,
    find_contacts,
    measure_contact,
    roles_of,
)
from operando.particles.measuring.damage import measure_damage
from operando.particles.measuring.electrons import entrances, measure_electrons
from operando.particles.measuring.grey import GreyScale, measure_grey
from operando.particles.measuring.neighbourhood import (
    depth_below,
    neighbour_distances,
    packing_density,
)
from operando.particles.measuring.scene import Scene, make_scene
from operando.particles.measuring.shape import convex_shape, orientation, principal_axes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.labels.boxes import Box
    from operando.particles.measuring.body import Body
    from operando.particles.settings import MeasureSettings, PhaseLabels

WORKERS = 2
PACKING_DIAMETERS = 3

_SPATIAL = ("sphericity", "roughness", "feret_min_um", "axis_short_um", "tilt_deg")
"""What a single slice does not show."""

ERROR_PATCH = 0.5
"""Extent over which a segmentation errs alike on the surface of a particle, in diameters.

On synthetic electrodes that were segmented from strokes, the detachment is then off by less than
its error at seven of ten particles."""


def measure(
    ids: NDArray[Any],
    *,
    phases: NDArray[Any] | None = None,
    image: NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    phase: int | None = None,
    labels: PhaseLabels | None = None,
    probabilities: Any | None = None,
    settings: MeasureSettings | None = None,
    scale: GreyScale | None = None,
    only: Collection[int] | None = None,
    frame: int = 0,
    time_h: float = 0.0,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Measure every particle of one frame.

    Where the image border, or what was not imaged, cuts a particle, the cut is no surface:
    `surface_um2` leaves it out.
    The sphericity takes the cut as flat faces of the body; it is held to at most 1, which a few
    voxels alone would exceed. Every column is described in `operando.data.PARTICLE_COLUMNS`; one
    that nothing is known for is NaN.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, particles with the cracks and pores inside them, 0 where there is none.
    phases
        ``(Z, Y, X)`` mask of the solid, or labels of phases. Without it there is no damage, and
        grey levels are those of the whole particle; from a mask nothing is known about binder.
    image
        ``(Z, Y, X)`` grey values. Voxels that are NaN in it were not imaged.
    spacing
        Voxel size ``(z, y, x)`` in µm.
    phase
        Label of the particles in `phases`; by default the one that most of their voxels have.
    labels
        What the other labels mean; for a label volume by default 1 is pore and 2 is binder, unless
        that is the label of the particles.
    probabilities
        ``(K, Z, Y, X)`` of the classes 1 to K on any scale. They tell what particles touch where
        the labels at their surface are in doubt, and the error of the detachment.
    settings
        Definitions that need a length or a choice.
    scale
        Of the grey levels; by default found from the reference phases in this frame.
    only
        Ids to measure; the others still count as neighbours. By default all.
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

    ids, names = numbered(check_ids(ids))
    scene = make_scene(
        ids,
        phases,
        image=image,
        spacing=spacing,
        phase=phase,
        labels=labels,
        probabilities=probabilities,
        settings=settings,
        scale=scale,
    )
    boxes = [(i, b) for i, b in enumerate(find_objects(scene.ids), start=1) if b is not None]
    if only is not None:
        boxes = [(i, b) for i, b in boxes if names[i] in only]
    watch = Stopwatch(progress, len(boxes), "particles", "Measuring particles")
    rows = []
    for row in _in_threads(partial(_measure_one, scene), boxes):
        rows.append({"frame": frame, "time_h": time_h, "accepted": False, **row})
        watch.advance()
    table = _table(rows)
    if not table.empty:
        table = _add_neighbourhood(table, scene)
    return table.assign(particle=names[table["particle"]])


def _in_threads(work: Any, items: list[tuple[int, Box]]) -> Iterator[dict[str, Any]]:
    """Do the work of all items, in their order; stop early without starting the rest."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _measure_one(scene: Scene, item: tuple[int, Box]) -> dict[str, Any]:
    label, box = item
    body = scene.body(label, box)
    sides = sides_at_border(box, scene.ids.shape)
    cut = _cut_area(body, sides) + body.unseen_area
    crop = None if scene.phases is None else scene.phases[body.box]
    image = None if scene.image is None else scene.image[body.box]
    return {
        "particle": label,
        "on_edge": any(any(pair) for pair in sides) or body.unseen_area > 0,
        **_measure_shape(body, cut, is_slice=1 in scene.ids.shape),
        **measure_damage(body, scene.settings.smallest_fragment),
        **_measure_surroundings(scene, body, crop, cut),
        **measure_grey(body, image, scene.scale, scene.settings.crack_reach),
    }


def _measure_shape(body: Body, cut: float, *, is_slice: bool) -> dict[str, float]:
    centroid, axes, directions = principal_axes(body.mask, body.spacing)
    tilt, azimuth = orientation(directions[0])
    hull = convex_shape(body.mask, body.spacing)
    surface = float(body.faces.area.sum())
    closed = surface + cut
    corner = np.array([s.start for s in body.box]) * body.spacing
    z, y, x = centroid + corner
    row = {
        "volume_um3": body.volume,
        "diameter_um": body.diameter,
        "surface_um2": surface,
        "sphericity": min(1.0, np.pi ** (1 / 3) * (6 * body.volume) ** (2 / 3) / closed)
        if closed > 0
        else np.nan,
        "feret_max_um": hull["feret_max"],
        "feret_min_um": hull["feret_min"],
        "axis_long_um": axes[0],
        "axis_middle_um": axes[1],
        "axis_short_um": axes[2],
        "elongation": axes[0] / axes[2],
        "tilt_deg": tilt,
        "azimuth_deg": azimuth,
        "roughness": closed / hull["hull_area"],
        "solidity": float(np.minimum(1.0, body.volume / hull["hull_volume"])),
        "z_um": z,
        "y_um": y,
        "x_um": x,
    }
    if is_slice:
        row |= dict.fromkeys(_SPATIAL, np.nan) | {"elongation": axes[0] / axes[1]}
    return row


def _measure_surroundings(
    scene: Scene, body: Body, phases: NDArray[Any] | None, cut: float
) -> dict[str, float]:
    labels, likely = scene.labels, scene.likely(body)
    roles = roles_of(body, phases, scene.phase, labels)
    contacts = find_contacts(body, roles, scene.settings.contact_reach, likely)
    row = measure_contact(contacts, labels, cut)
    patch = scene.settings.error_patch or ERROR_PATCH * body.diameter
    row["detachment_sd"] = np.nan if likely is None else detachment_error(contacts, likely, patch)
    doors = entrances(body, contacts, scene.settings, scene.ids.shape)
    paths, _ = measure_electrons(body, doors, known=labels.binder is not None)
    return row | paths


def _cut_area(body: Body, sides: tuple[tuple[bool, bool], ...]) -> float:
    """Area of the flat faces where the image border cuts the particle."""
    area = 0.0
    for axis, (first, last) in enumerate(sides):
        face = float(np.prod(body.spacing)) / body.spacing[axis]
        area += face * first * np.count_nonzero(body.mask.take(0, axis))
        area += face * last * np.count_nonzero(body.mask.take(-1, axis))
    return area


def _add_neighbourhood(table: pd.DataFrame, scene: Scene) -> pd.DataFrame:
    counts, places = count_and_centre(scene.ids)
    there = np.flatnonzero(counts)
    centres = places[there] * scene.spacing
    own = table[["z_um", "y_um", "x_um"]].to_numpy()
    rows = np.searchsorted(there, table["particle"])
    nearest, six = neighbour_distances(centres)
    table["nearest_um"], table["six_nearest_um"] = nearest[rows], six[rows]
    edge = scene.settings.packing_window
    edge = edge or PACKING_DIAMETERS * typical_size(counts, scene.spacing)
    table["packing"] = packing_density(scene.ids, own, edge, scene.spacing, scene.unseen)
    side = scene.settings.collector_side
    table["depth_um"] = depth_below(own, scene.ids.shape, scene.spacing, side)
    return table


def typical_size(counts: NDArray[np.int64], spacing: tuple[float, float, float]) -> float:
    """Median equivalent diameter (µm) of particles of so many voxels; 0 where there is none."""
    there = counts[counts > 0]
    if not len(there):
        return 0.0
    return float(np.median((6 * there * np.prod(spacing) / np.pi) ** (1 / 3)))


def refresh_neighbours(rows: pd.DataFrame) -> pd.DataFrame:
    """Measure the distances to neighbours anew, from the centroids of all rows of a frame."""
    centres = rows[["z_um", "y_um", "x_um"]].to_numpy(float)
    nearest, six = neighbour_distances(centres)
    return rows.assign(nearest_um=nearest, six_nearest_um=six)


def empty_table() -> pd.DataFrame:
    """Give a table of no particles."""
    return _table([])


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=[c.name for c in PARTICLE_COLUMNS])
    kinds = dict.fromkeys(table.columns, "float64")
    kinds |= {"frame": "int64", "particle": "int64", "on_edge": "bool", "accepted": "bool"}
    return table.astype(kinds)

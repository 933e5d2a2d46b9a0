"""Grey levels by the distance from the crack walls of a particle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.particles.labels.arrays import check_ids, check_same_shape, check_spacing, solid_of
from operando.particles.labels.names import numbered
from operando.particles.measuring.body import cut_out
from operando.particles.measuring.grey import crack_distance
from operando.particles.measuring.profiles import depth_profile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.measuring.body import Body
    from operando.particles.measuring.grey import GreyScale

ALL = 0
"""Stands for all particles together where the id of one is expected."""

COLUMNS = ("particle", "distance_um", "grey", "low", "high", "density", "voxels", "particles")


def crack_grey_profiles(
    ids: NDArray[Any],
    phases: NDArray[Any],
    image: NDArray[Any],
    *,
    step: float,
    longest: float,
    cracked_from: float = 0.0,
    phase: int | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    scale: GreyScale | None = None,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Mean grey level of the solid in layers at a distance from the cracks of its particle.

    Voxels beside a crack hold some of it: the first layer is as dark as the blur of the image
    makes it, which is no change of the material.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, particles with their cracks.
    phases, phase
        As in `operando.particles.measure`.
    image
        ``(Z, Y, X)`` grey values; voxels that are NaN are left out.
    step
        Thickness of a layer, µm.
    longest
        Largest distance, µm.
    cracked_from
        Share of cracks from which a particle counts as cracked.
    spacing
        Voxel size ``(z, y, x)``, µm.
    scale
        Of the grey levels, for the column ``density``.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    One row per cracked particle and layer that holds any of it, with ``distance_um`` (the middle
    of the layer), ``grey``, ``density`` and ``voxels``; then those of particle 0, which are means
    over ``particles`` particles, each counted once, with the 95 % confidence band ``low`` to
    ``high``.
    """
    import pandas as pd
    from scipy.ndimage import find_objects

    ids, names = numbered(check_ids(ids))
    spacing = check_spacing(spacing)
    solid = solid_of(check_same_shape(phases, ids, "The phases"), phase)
    image = check_same_shape(image, ids, "The image")
    boxes = [(i, b) for i, b in enumerate(find_objects(ids), start=1) if b is not None]
    watch = Stopwatch(progress, len(boxes), "particles", "Grey levels at cracks")
    parts = []
    for label, box in boxes:
        body = cut_out(label, box, ids, solid, spacing, 1)
        cracks = np.count_nonzero(body.cracks)
        if cracks and cracks >= cracked_from * np.count_nonzero(body.mask):
            layers = _layers(body, image[body.box], step, longest)
            parts.append(layers.assign(particle=names[label], particles=1))
        watch.advance()
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS)).astype(float)
    each = pd.concat(parts, ignore_index=True)
    pooled = depth_profile(each["distance_um"].to_numpy(), each["grey"].to_numpy(), step)
    pooled = pooled.rename(columns={"depth_um": "distance_um", "mean": "grey", "n": "particles"})
    pooled["voxels"] = each.groupby((each["distance_um"] / step).astype(int))["voxels"].sum().array
    table = pd.concat([each, pooled.assign(particle=ALL)], ignore_index=True)
    table["density"] = np.nan if scale is None else scale(table["grey"])
    return table.reindex(columns=list(COLUMNS))


def _layers(body: Body, image: NDArray[Any], step: float, longest: float) -> pd.DataFrame:
    import pandas as pd

    distance = crack_distance(body)
    known = body.core & np.isfinite(image) & (distance < longest)
    layer = np.maximum(distance[known] / step, 0).astype(int)
    count = np.bincount(layer)
    total = np.bincount(layer, image[known].astype(float))
    there = np.flatnonzero(count)
    return pd.DataFrame(
        {
            "distance_um": (there + 0.5) * step,
            "grey": total[there] / count[there],
            "voxels": count[there],
        }
    )

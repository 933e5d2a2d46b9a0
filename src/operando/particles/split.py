"""Part touching particles and keep the pieces of cracked ones together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.arrays import check_ids, check_same_shape, check_spacing, check_volume
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback


SMALLEST_CUT = 1 / 6
"""Least diameter of what is seen of a particle at the image border, in typical ones."""


def split(
    phases_or_mask: NDArray[Any],
    *,
    phase: int | None = None,
    guide: NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
    progress: ProgressCallback | None = None,
) -> NDArray[np.int32]:
    """Part touching particles; cracks and closed pores neither part a particle nor are left out.

    A map of how deep in its particle every voxel lies, as a network tells
    (`operando.particles.interior`), is cut into basins, which are joined where the pass between
    them is high. The watershed does the same with the distance to the surface, and joins pieces
    that fit together like those of a broken body (`operando.particles.fragments`).

    Parameters
    ----------
    phases_or_mask
        ``(Z, Y, X)`` bool mask of the solid, or a label volume of phases.
    phase
        Label of the particles; needed for a label volume.
    guide
        ``(Z, Y, X)`` ids of particles that are expected here, such as those of the frame before,
        moved (`operando.particles.split_series`). Pieces in the same one are joined more readily,
        those in different ones less.
    spacing
        Voxel size ``(z, y, x)`` in µm.
    settings
        See `SplitSettings`.
    progress
        Receives `Progress`; may raise `Cancelled`.

    Returns
    -------
    ``(Z, Y, X)`` ids 1 to N in C order of the first voxel of each particle, 0 where there is none.

    Raises
    ------
    InputError
        If the volume, the phase or the voxel size makes no sense.
    """
    from operando.particles.closing import close_particles
    from operando.particles.ground import prepare
    from operando.particles.learned import by_depth
    from operando.particles.watershed import by_distance

    settings = settings or SplitSettings()
    spacing = check_spacing(spacing)
    solid = solid_of(phases_or_mask, phase)
    if not solid.any() or solid.all():
        return solid.astype(np.int32)
    if guide is not None:
        guide = check_ids(check_same_shape(guide, solid, "The guide"))
    watch = Stopwatch(progress, 5, "stages", "Measuring distances")
    ground = prepare(solid, spacing, settings)
    watch.advance(message="Finding particles")
    part = by_depth if settings.method == "learned" else by_distance
    labels = part(ground, settings.separation, watch, guide)
    watch.advance(message="Filling cracks")
    own, width, typical = np.where(ground.solid, labels, 0), ground.width, ground.typical
    del ground
    ids = close_particles(own, labels, width / 2, spacing)
    watch.advance(message="Numbering")
    smallest = settings.smallest_diameter or typical / 4
    # Of a particle at the image border only a part is seen.
    cut = settings.smallest_diameter or typical * SMALLEST_CUT
    ids = _number(ids, *(np.pi / 6 * d**3 / float(np.prod(spacing)) for d in (smallest, cut)))
    watch.advance()
    return ids


def solid_of(phases_or_mask: NDArray[Any], phase: int | None) -> NDArray[np.bool_]:
    """Return where the particles are, from a mask or a label volume."""
    volume = check_volume(phases_or_mask, "The phases")
    if volume.dtype == bool:
        return volume
    if phase is None:
        raise InputError(
            f"Voxels of type {volume.dtype} are no mask and no phase was named",
            "name the label of the particles, or give a mask of true and false",
        )
    return np.asarray(volume == phase)


def _number(ids: NDArray[np.int32], smallest: float, cut: float) -> NDArray[np.int32]:
    """Leave out small particles, also those that the border cuts, and number the others."""
    from scipy.ndimage import find_objects

    from operando.particles.basins import rename
    from operando.particles.closing import at_border

    size = np.bincount(ids.reshape(-1))
    limit = np.full(size.size, smallest)
    limit[at_border(ids)] = cut
    kept = np.flatnonzero((size >= limit) & (np.arange(size.size) > 0))
    boxes = find_objects(ids)
    first = []
    for label in kept:
        box = boxes[label - 1]
        inside = np.argwhere(ids[box][:1] == label)[0]
        first.append(tuple(int(i + s.start) for i, s in zip(inside, box, strict=True)))
    names = np.zeros(size.size, np.int32)
    order = sorted(range(len(kept)), key=first.__getitem__)
    names[kept[order]] = np.arange(1, len(kept) + 1)
    return rename(ids, names)

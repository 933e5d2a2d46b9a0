"""Part touching particles and keep the pieces of cracked ones together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.arrays import check_spacing, check_volume
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.fragments import Border, Piece

BUMP = 0.97
"""A pass this high, relative to the lower peak, lies within one piece."""

CAUTION = 4.0
"""Log odds that the setting `separation` spans to either side."""

DEFAULT_BIAS = 1.0
"""Log odds in favour of joining: a piece too many costs a particle just as one too few."""


def split(
    phases_or_mask: NDArray[Any],
    *,
    phase: int | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
    progress: ProgressCallback | None = None,
) -> NDArray[np.int32]:
    """Part touching particles; cracks and closed pores neither part a particle nor are left out.

    The distance map of the solid is cut into basins, which are then joined where the neck between
    them is wide, or where they fit together like the pieces of a broken body
    (`operando.particles.fragments`).

    Parameters
    ----------
    phases_or_mask
        ``(Z, Y, X)`` bool mask of the solid, or a label volume of phases.
    phase
        Label of the particles; needed for a label volume.
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
    from operando.particles.fragments import join_pieces
    from operando.particles.joining import describe_fit, shipped_rule

    settings = settings or SplitSettings()
    spacing = check_spacing(spacing)
    solid = solid_of(phases_or_mask, phase)
    if not solid.any() or solid.all():
        return solid.astype(np.int32)
    watch = Stopwatch(progress, 5, "stages", "Measuring distances")
    parts = find_pieces(solid, spacing, settings, watch)
    watch.advance(message="Joining pieces")
    rule = shipped_rule()
    bias = CAUTION * (1 - 2 * settings.separation) + DEFAULT_BIAS

    def score(a: Piece, b: Piece, border: Border) -> float:
        return float(rule.score(describe_fit(a, b, border, parts.typical))) + bias

    owners = join_pieces(parts.pieces, score, lambda: watch.advance(0))
    names = np.zeros(int(parts.labels.max()) + 1, np.int32)
    names[list(owners)] = list(owners.values())
    labels = names[parts.labels]
    watch.advance(message="Filling cracks")
    ids = close_particles(np.where(parts.solid, labels, 0), labels, parts.width / 2, spacing)
    watch.advance(message="Numbering")
    smallest = settings.smallest_diameter or parts.typical / 4
    ids = _number(ids, np.pi / 6 * smallest**3 / float(np.prod(spacing)))
    watch.advance()
    return ids


@dataclass(frozen=True)
class Parts:
    """Pieces of the solid before they are joined.

    Parameters
    ----------
    solid
        ``(Z, Y, X)`` the solid with its small cavities filled.
    labels
        ``(Z, Y, X)`` the nearest piece of every voxel up to half a crack width from the solid.
    pieces
        The pieces by label.
    typical
        Typical diameter of the particles.
    width
        Widest crack.
    """

    solid: NDArray[np.bool_]
    labels: NDArray[np.int32]
    pieces: dict[int, Piece]
    typical: float
    width: float


def find_pieces(
    solid: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    settings: SplitSettings,
    watch: Stopwatch,
) -> Parts:
    """Cut the solid into basins of its distance map, bumps joined."""
    from operando.particles.basins import climb, touching
    from operando.particles.closing import distance, fill_small_cavities
    from operando.particles.fragments import fuse_bumps, make_pieces

    typical = typical_diameter(distance(solid, spacing), solid)
    width = settings.crack_width or max(typical / 4, 2.5 * max(spacing))
    solid = fill_small_cavities(solid, np.pi / 6 * (typical / 3) ** 3, spacing)
    outside = distance(~solid, spacing)
    near = outside <= width / 2
    height = _smooth(distance(solid, spacing) - outside, settings.smoothing)
    del outside
    # A whole number survives the change from double to single precision unrounded.
    floor = float(np.floor(height[near].min())) - 1
    watch.advance(message="Finding pieces")
    labels, peaks = climb(np.where(near, height, np.float32(floor)), floor, spacing)
    names, peaks = fuse_bumps(peaks, touching(labels, height, spacing), BUMP)
    labels = names[labels]
    graph = touching(labels, height, spacing)
    del height
    pieces = make_pieces(np.where(solid, labels, 0), peaks, graph, spacing)
    return Parts(solid, labels, pieces, typical, width)


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


def typical_diameter(depth: NDArray[np.float32], solid: NDArray[np.bool_]) -> float:
    """Diameter, weighted by volume, from the mean distance to the surface: d/8 in a sphere."""
    return float(8 * depth[solid].mean(dtype=np.float64))


def _smooth(volume: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    if sigma == 0:
        return volume
    return np.asarray(gaussian_filter(volume, sigma, mode="nearest", truncate=3))


def _number(ids: NDArray[np.int32], smallest: float) -> NDArray[np.int32]:
    """Leave out small particles and number the others by their first voxel."""
    from scipy.ndimage import find_objects

    size = np.bincount(ids.reshape(-1))
    kept = np.flatnonzero((size >= smallest) & (np.arange(size.size) > 0))
    boxes = find_objects(ids)
    first = []
    for label in kept:
        box = boxes[label - 1]
        inside = np.argwhere(ids[box][:1] == label)[0]
        first.append(tuple(int(i + s.start) for i, s in zip(inside, box, strict=True)))
    names = np.zeros(size.size, np.int32)
    order = sorted(range(len(kept)), key=first.__getitem__)
    names[kept[order]] = np.arange(1, len(kept) + 1)
    return names[ids]

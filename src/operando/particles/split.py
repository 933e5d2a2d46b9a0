"""Part touching particles and keep the pieces of cracked ones together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.particles.arrays import check_ids, check_same_shape, check_spacing, check_volume
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.particles.fragments import Border, Piece

BUMP = 0.97
"""A pass this high, relative to the lower peak, lies within one piece."""

CAUTION = 4.0
"""Log odds that the setting `separation` spans to either side."""

TRUST = 3.0
"""Log odds for joining pieces of the same known particle, and against those of two."""

SHARE = 0.35
"""Share of a piece that must lie in a known particle for the piece to be divided along it."""

DEFAULT_BIAS = 1.0
"""Log odds in favour of joining: a piece too many costs a particle just as one too few."""


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

    The distance map of the solid is cut into basins, which are then joined where the neck between
    them is wide, or where they fit together like the pieces of a broken body
    (`operando.particles.fragments`).

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
    from operando.particles.fragments import join_pieces
    from operando.particles.joining import describe_fit, shipped_rule

    settings = settings or SplitSettings()
    spacing = check_spacing(spacing)
    solid = solid_of(phases_or_mask, phase)
    if not solid.any() or solid.all():
        return solid.astype(np.int32)
    if guide is not None:
        guide = check_ids(check_same_shape(guide, solid, "The guide"))
    watch = Stopwatch(progress, 5, "stages", "Measuring distances")
    parts = find_pieces(solid, spacing, settings, watch, guide)
    watch.advance(message="Joining pieces")
    rule = shipped_rule()
    bias = CAUTION * (1 - 2 * settings.separation) + DEFAULT_BIAS

    def score(a: Piece, b: Piece, border: Border) -> float:
        known = 0.0
        if a.guide and b.guide:
            known = TRUST if a.guide == b.guide else -TRUST
        return float(rule.score(describe_fit(a, b, border, parts.typical))) + bias + known

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
    guide: NDArray[np.int32] | None = None,
) -> Parts:
    """Cut the solid into basins of its distance map, bumps joined, and along the guide."""
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
    known = np.zeros(len(peaks), np.int32)
    if guide is not None:
        labels, parent, known = divide(labels, guide)
        peaks = peaks[parent]
    graph = touching(labels, height, spacing)
    del height
    pieces = make_pieces(np.where(solid, labels, 0), peaks, graph, spacing)
    for label, piece in pieces.items():
        piece.guide = int(known[label])
    return Parts(solid, labels, pieces, typical, width)


def divide(
    labels: NDArray[np.int32], guide: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Divide pieces that reach well into several known particles.

    Returns
    -------
    labels
        ``(Z, Y, X)`` new labels; what lies in no known particle, or in one that holds only a
        small share of the piece, goes with the largest part.
    parent
        ``(N + 1,)`` the old label of every new one.
    known
        ``(N + 1,)`` the known particle that it lies in, 0 if none.
    """
    from operando.particles.scores import overlaps

    label, particle, count = overlaps(labels, guide)
    width = int(guide.max(initial=0)) + 1
    keys = label * width + particle
    size = np.bincount(label, count)
    own = (label > 0) & (particle > 0) & (count >= SHARE * size[label])
    order = np.lexsort((-count, label))
    main = order[np.unique(label[order], return_index=True)[1]]
    own[main] = label[main] > 0
    names = np.cumsum(own) * own
    main_of = np.zeros(len(size), np.int64)
    main_of[label[main]] = names[main]
    names = np.where(own | (label == 0), names, main_of[label])
    out = np.empty_like(labels)
    for z in range(len(labels)):
        key = labels[z].astype(np.int64) * width + guide[z]
        out[z] = names[np.searchsorted(keys, key)]
    parent = np.concatenate([[0], label[own]]).astype(np.int32)
    known = np.concatenate([[0], particle[own]]).astype(np.int32)
    return out, parent, known


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

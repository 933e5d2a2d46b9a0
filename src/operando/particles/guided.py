"""Basins of a height map, cut along particles that are known already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.35
"""Share of a piece that must lie in a known particle for the piece to be divided along it."""


def guided_basins(
    height: NDArray[np.float32],
    where: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    bump: float,
    guide: NDArray[np.int32] | None,
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
    """Cut a height map into basins, bumps joined, and along the guide.

    Parameters
    ----------
    height
        ``(Z, Y, X)``; lowered to below everything outside `where`.
    where
        ``(Z, Y, X)`` the voxels that are labelled.
    spacing
        Voxel size ``(z, y, x)``.
    bump
        A pass this high, relative to the lower peak, lies within one basin.
    guide
        ``(Z, Y, X)`` ids of particles that are expected here.

    Returns
    -------
    labels
        ``(Z, Y, X)``, 0 elsewhere.
    peaks
        ``(N + 1,)`` by label.
    known
        ``(N + 1,)`` the expected particle of every label, 0 if none.
    """
    from operando.particles.basins import climb, rename, touching
    from operando.particles.fragments import fuse_bumps

    # A whole number survives the change from double to single precision unrounded.
    floor = float(np.floor(height[where].min())) - 1
    np.copyto(height, np.float32(floor), where=~where)
    labels, peaks = climb(height, floor, spacing)
    names, peaks = fuse_bumps(peaks, touching(labels, height, spacing), bump)
    labels = rename(labels, names)
    if guide is None:
        return labels, peaks, np.zeros(len(peaks), np.int32)
    labels, parent, known = divide(labels, guide)
    return labels, peaks[parent], known


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

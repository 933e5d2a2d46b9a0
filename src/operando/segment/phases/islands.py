"""Small pieces of a phase, given to the phase around them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from operando.segment.phases.pieces import Pieces


def surrounding_classes(
    pieces: Pieces, labels: Any, least_voxels: float, classes: Collection[int] = ()
) -> NDArray[np.uint8]:
    """Find islands, and the class that each shares the most faces of voxels with.

    Pieces that touch a side of the volume, or what was not imaged, are no islands, whatever their
    size: they may go on there. Only a slab is in memory at a time.

    Parameters
    ----------
    pieces
        Of the labels.
    labels
        ``(Z, Y, X)``, 1..K.
    least_voxels
        Pieces of fewer voxels are islands.
    classes
        Those whose islands are looked for; empty for all.

    Returns
    -------
    ``(n,)`` class around every piece that is an island; 0 for the others.
    """
    island = (pieces.sizes < least_voxels) & ~pieces.may_go_on
    if classes:
        island &= np.isin(pieces.classes, list(classes))
    rank = np.concatenate([[-1], np.where(island, np.cumsum(island) - 1, -1)])
    n_classes = int(pieces.classes.max(initial=0))
    contacts = np.zeros((np.count_nonzero(island), n_classes + 1), np.int64)
    for z, end in pieces.slabs():
        low, high = max(0, z - 1), min(pieces.shape[0], end + 1)
        ids, block = pieces.read(low, high), np.asarray(labels[low:high])
        places = np.argwhere(rank[ids] >= 0)
        places = places[(places[:, 0] >= z - low) & (places[:, 0] < end - low)]
        own = ids[tuple(places.T)]
        for axis, step in product(range(3), (-1, 1)):
            beside = places.copy()
            beside[:, axis] += step
            there = tuple(beside.T)
            outer = ids[there] != own
            np.add.at(contacts, (rank[own[outer]], block[there][outer]), 1)
    around = np.zeros(len(island), np.uint8)
    around[island] = contacts.argmax(axis=1)
    return around


def without_islands(
    pieces: Pieces, around: NDArray[np.uint8], block: NDArray[np.uint8], z: int
) -> NDArray[np.uint8]:
    """Give the islands of a slab ``(z, Y, X)`` that starts at slice `z` to what is around them."""
    new = np.concatenate([np.zeros(1, np.uint8), around])[pieces.read(z, z + len(block))]
    return np.asarray(np.where(new > 0, new, block))

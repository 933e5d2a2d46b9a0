"""Labels that change from frame to frame where the image did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.segment.steadying.frame_pair import surroundings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.compute.progress import Stopwatch
    from operando.compute.tiles import Box
    from operando.segment.steadying.frame_pair import FramePair

BLOCK = (64, 256, 256)
_LEAST_SHARE = 0.25


@dataclass(frozen=True)
class Flicker:
    """Voxels of every class of one frame, compared with a neighbouring frame.

    Parameters
    ----------
    unchanged
        ``(K,)`` voxels where the image did not change.
    flickered
        ``(K,)`` those of them that have another label there.
    voxels
        Of the frame.
    """

    unchanged: NDArray[np.int64]
    flickered: NDArray[np.int64]
    voxels: int

    @property
    def rate(self) -> float:
        """Share of the unchanged voxels whose label differs; NaN without any."""
        there = int(self.unchanged.sum())
        return int(self.flickered.sum()) / there if there else float("nan")

    @property
    def by_class(self) -> NDArray[np.float64]:
        """``(K,)`` the same for every class of the frame; NaN without a voxel."""
        share = np.full(len(self.unchanged), np.nan)
        np.divide(self.flickered, self.unchanged, out=share, where=self.unchanged > 0)
        return share


def count_flicker(
    pair: FramePair, labels: Any, other: Any, n_classes: int, watch: Stopwatch | None = None
) -> Flicker:
    """Count labels that differ where the image did not change.

    Where things move, a label counts as different if it holds less than a quarter of the place
    that its voxel went to (linear between voxels): a boundary that moves by part of a voxel is
    no flicker, and what flickers within one voxel only is not seen in full.

    Parameters
    ----------
    pair
        The two frames.
    labels, other
        ``(Z, Y, X)`` labels 1..K of the frame and of its neighbour; read block by block.
    n_classes
        K.
    watch
        Told after every block.
    """
    unchanged, flickered = (np.zeros(n_classes + 1, np.int64) for _ in range(2))
    tiles = plan_tiles(labels.shape, BLOCK)
    for tile in tiles:
        own = np.asarray(labels[tile.core])
        calm = pair.unchanged(tile.core)
        differs = calm & _differs(pair, own, other, tile.core)
        unchanged += np.bincount(own[calm], minlength=n_classes + 1)
        flickered += np.bincount(own[differs], minlength=n_classes + 1)
        if watch is not None:
            watch.advance()
    return Flicker(unchanged[1:], flickered[1:], int(np.prod(labels.shape)))


def _differs(pair: FramePair, own: NDArray[np.uint8], other: Any, box: Box) -> NDArray[np.bool_]:
    """Voxels of a box whose label is hardly found where they went."""
    from scipy.ndimage import map_coordinates

    if not pair.moves:
        return np.asarray(np.asarray(other[box]) != own)
    places = pair.places(box)
    around = surroundings(places, other.shape)
    there = np.asarray(other[around])
    places -= np.array([side.start for side in around], np.float32).reshape(3, 1, 1, 1)
    out = np.zeros(own.shape, np.bool_)
    for label in np.unique(own):
        mine = own == label
        share = map_coordinates(
            (there == label).astype(np.float32), places[:, mine], order=1, mode="nearest"
        )
        out[mine] = share < _LEAST_SHARE
    return out

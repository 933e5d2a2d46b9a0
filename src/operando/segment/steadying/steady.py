"""Probabilities that agree with the frames before and after where the image did not change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.segment.phases.labels import labels_of
from operando.segment.steadying.flicker import BLOCK
from operando.segment.steadying.frame_pair import LIMIT, FramePair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from operando.compute.progress import Stopwatch
    from operando.compute.tiles import Box
    from operando.data import DisplacementField
    from operando.nets.frames import Frames


def pairs_of(
    images: Frames,
    t: int,
    fields: Sequence[DisplacementField | None] | None = None,
    *,
    limit: float = LIMIT,
) -> list[FramePair]:
    """Pair a frame with the one before and the one after it, as far as there are any.

    Parameters
    ----------
    images
        The series.
    t
        The frame.
    fields
        Motion from every frame to the next; frames without a field (None) are not paired. Without
        `fields` nothing moves.
    limit
        See `FramePair`.

    Raises
    ------
    InputError
        If nothing was imaged in one of the frames.
    """
    others = [s for s in (t - 1, t + 1) if 0 <= s < images.shape[0]]
    if fields is None:
        return [FramePair(images, t, s, limit=limit) for s in others]
    known = [(s, fields[min(s, t)]) for s in others]
    return [FramePair(images, t, s, field=f, limit=limit) for s, f in known if f is not None]


def steady_into(
    pairs: Sequence[FramePair],
    probabilities: Any,
    t: int,
    *,
    labels_out: Any,
    probabilities_out: Any,
    is_done: Callable[[Box], bool] = lambda _: False,
    on_block: Callable[[Box], None] = lambda _: None,
    watch: Stopwatch | None = None,
) -> None:
    """Average the probabilities of a frame with its neighbours where the image did not change.

    Every voxel gets the mean of its own probabilities and those of the frames before and after,
    carried along the motion, where it is unchanged between them (see `FramePair`); its label is
    the most probable class. The neighbours are taken as they were, not steadied, so nothing
    spreads further than one frame. Only a block is in memory at a time.

    Parameters
    ----------
    pairs
        Of the frame with its neighbours, from `pairs_of`.
    probabilities
        ``(T, K, Z, Y, X)`` uint8, 0 to 255.
    t
        The frame.
    labels_out, probabilities_out
        ``(Z, Y, X)`` and ``(K, Z, Y, X)`` uint8 arrays that are written to.
    is_done, on_block
        Which boxes an earlier run finished; called after a box is written.
    watch
        Told after every block.
    """
    n_classes, *volume = probabilities.shape[1:]
    for tile in plan_tiles(volume, BLOCK):
        box = tile.core
        if not is_done(box):
            mean = _mean(pairs, probabilities, t, box)
            labels_out[box] = labels_of(mean)
            probabilities_out[(slice(0, n_classes), *box)] = np.rint(mean).astype(np.uint8)
            on_block(box)
        if watch is not None:
            watch.advance()


def _mean(pairs: Sequence[FramePair], probabilities: Any, t: int, box: Box) -> NDArray[np.float32]:
    total = np.asarray(probabilities[(t, slice(None), *box)]).astype(np.float32)
    count = np.ones(total.shape[1:], np.float32)
    for pair in pairs:
        same = pair.unchanged(box)
        there = pair.carried(_reader(probabilities, pair.other), box)
        total += np.where(same, there, 0)
        count += same
    return np.asarray(total / count)


def _reader(probabilities: Any, t: int) -> Callable[[Box], NDArray[Any]]:
    return lambda box: np.asarray(probabilities[(t, slice(None), *box)])

"""Brush strokes: whether they are enough to learn from, and which are kept aside to score."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.nets.patches import LabelledVoxels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.nets.frames import Frames

SCANNED_SLICES = 64
FEWEST_TO_HOLD_OUT = 3
MOST_CLASSES = 255


@dataclass(frozen=True)
class Strokes:
    """Everything that was painted.

    Parameters
    ----------
    voxels
        The painted voxels.
    stroke
        ``(n,)`` which stroke each belongs to, from 0. A stroke is what hangs together (corners
        count) in one class and one frame.
    """

    voxels: LabelledVoxels
    stroke: NDArray[np.int64]

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes that were painted, in rising order."""
        return tuple(int(k) for k in np.unique(self.voxels.label))

    @property
    def frames(self) -> tuple[int, ...]:
        """Frames that were painted on, in rising order."""
        return tuple(int(t) for t in np.unique(self.voxels.frame))

    def count(self, label: int) -> tuple[int, int]:
        """Strokes and voxels of one class."""
        of_class = self.voxels.label == label
        return len(np.unique(self.stroke[of_class])), int(of_class.sum())


def find_strokes(strokes: Any, images: Frames) -> Strokes:
    """List what was painted where something was imaged; reads the array a few slices at a time.

    Parameters
    ----------
    strokes
        ``(T, Z, Y, X)`` or ``(Z, Y, X)`` integers, 0 = unlabelled, 1..K = classes; may be a
        memmap far larger than memory.
    images
        What they are painted on.

    Raises
    ------
    InputError
        If nothing is painted there, one class only, or a number that is no class.
    """
    t_axis = strokes if len(strokes.shape) == 4 else [strokes]
    frames, positions, labels = [], [], []
    for t, volume in enumerate(t_axis):
        for z in range(0, volume.shape[0], SCANNED_SLICES):
            part = np.asarray(volume[z : z + SCANNED_SLICES])
            where = np.argwhere(part)
            if len(where):
                if part.min() < 0 or part.max() > MOST_CLASSES:
                    raise InputError(
                        f"Strokes hold labels from {part.min()} to {part.max()}",
                        f"use 0 where nothing is painted and the classes 1 to {MOST_CLASSES}",
                    )
                frames.append(np.full(len(where), t))
                positions.append(where + np.array((z, 0, 0)))
                labels.append(part[tuple(where.T)].astype(np.uint8))
    if not labels:
        raise InputError("There are no strokes", "paint a few of every class, then train")
    voxels = LabelledVoxels(
        np.concatenate(frames), np.concatenate(positions), np.concatenate(labels)
    )
    found = np.unique(voxels.label)
    if len(found) < 2:
        raise InputError(
            f"All strokes are of one class (number {found[0]})", "paint a second class too"
        )
    voxels = keep_imaged(voxels, images)
    return Strokes(voxels, connect(voxels))


def keep_imaged(voxels: LabelledVoxels, images: Frames) -> LabelledVoxels:
    """Return the voxels that were imaged: a brush easily overruns into the margin.

    Raises
    ------
    InputError
        If fewer than two classes are left.
    """
    known = np.zeros(len(voxels), bool)
    for here in voxels.cells():
        position = voxels.position[here]
        low, high = position.min(axis=0), position.max(axis=0) + 1
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        known[here] = images.imaged(int(voxels.frame[here[0]]), box)[tuple((position - low).T)]
    kept = voxels.select(known)
    if len(np.unique(kept.label)) < 2:
        raise InputError(
            f"{np.count_nonzero(~known)} voxels of the strokes lie where nothing was imaged; "
            "without them there are fewer than two classes",
            "paint two classes on what was imaged",
        )
    return kept


def connect(voxels: LabelledVoxels) -> NDArray[np.int64]:
    """Give every stroke a number; its voxels touch by face, edge or corner."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    extent = voxels.position.max(axis=0) + 3
    groups = voxels.frame * 256 + voxels.label
    key = np.ravel_multi_index((groups, *(voxels.position + 1).T), (int(groups.max()) + 1, *extent))
    order = np.argsort(key)
    ranked = key[order]
    steps = [d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0)]
    first, second = [], []
    for dz, dy, dx in steps:
        wanted = ranked + (dz * extent[1] + dy) * extent[2] + dx
        at = np.minimum(np.searchsorted(ranked, wanted), len(ranked) - 1)
        hit = ranked[at] == wanted
        first.append(order[hit])
        second.append(order[at[hit]])
    rows, cols = np.concatenate(first), np.concatenate(second)
    n = len(voxels)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, cols)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def hold_out(
    strokes: Strokes, share: float, rng: np.random.Generator
) -> tuple[LabelledVoxels, LabelledVoxels]:
    """Split into strokes to learn from and strokes to score with.

    Whole strokes are kept aside, never single voxels, whose neighbours would give them away.
    Of every class about `share` of its strokes, at least one, but none that is most of what was
    painted of the class; a class with fewer than three strokes keeps them all for learning.

    Returns
    -------
    to_learn, to_score
        The second may be empty.
    """
    aside: list[int] = []
    for label in strokes.classes:
        of_class = strokes.stroke[strokes.voxels.label == label]
        ids, sizes = np.unique(of_class, return_counts=True)
        if share > 0 and len(ids) >= FEWEST_TO_HOLD_OUT:
            count = max(1, round(share * len(ids)))
            aside.extend(rng.choice(ids[2 * sizes <= len(of_class)], count, replace=False))
    kept_aside = np.isin(strokes.stroke, aside)
    return strokes.voxels.select(~kept_aside), strokes.voxels.select(kept_aside)


def check_shapes(images: Sequence[int], strokes: Any) -> None:
    """Refuse strokes that do not fit images of the shape ``(T, C, Z, Y, X)``.

    Raises
    ------
    InputError
        If the frames or the volumes differ, or the strokes are not integers.
    """
    t, _, *volume = images
    wanted = (t, *volume)
    found = tuple(int(n) for n in strokes.shape)
    if found != wanted and not (t == 1 and found == tuple(volume)):
        raise InputError(
            f"Strokes of the shape {found} do not fit images of {t} frame(s) of {tuple(volume)}",
            "paint them on these images",
        )
    if strokes.dtype.kind not in "iu":
        raise InputError(
            f"Strokes are of type {strokes.dtype}", "use integers, 0 where there is no stroke"
        )


def class_weights(voxels: LabelledVoxels, n_classes: int, power: float) -> tuple[float, ...]:
    """Weights ``count ** -power`` of the classes with mean 1 over those painted, else 0."""
    counts = np.bincount(voxels.label, minlength=n_classes + 1)[1:].astype(float)
    weights = np.zeros(n_classes)
    painted = counts > 0
    raw = counts[painted] ** -power
    weights[painted] = raw / raw.mean()
    return tuple(float(w) for w in weights)

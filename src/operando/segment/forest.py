"""The random forest that every network is compared with, learnt from the same strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.architecture import Architecture
from operando.nets.frames import CELL, Frames, check_finite
from operando.nets.scale_features import REACH, n_features, scale_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.nets.patches import LabelledVoxels
    from operando.segment.normalise import Normalise

TREES = 100


def forest_architecture(channels: int, n_classes: int, flat: bool = False) -> Architecture:
    """Describe a forest of `TREES` trees; `flat` for slices that do not belong together."""
    kernel = (1 if flat else 3, 3, 3)
    return Architecture(
        network="forest",
        in_channels=channels,
        n_classes=n_classes,
        width=TREES,
        kernels=(kernel,),
        strides=(),
    )


def grow_forest(
    frames: Frames,
    voxels: LabelledVoxels,
    normalise: Normalise,
    n_classes: int,
    *,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Learn from labelled voxels; only their surroundings are read.

    Parameters
    ----------
    frames
        The images.
    voxels
        What is labelled.
    normalise
        Grey scale of every labelled frame.
    n_classes
        Classes of the answer.
    spacing
        Edge lengths of a voxel, any unit.

    Returns
    -------
    The state of a `nets.forest.Forest`.
    """
    from operando.nets.forest import grow

    rows = features_at(frames, voxels, normalise, spacing)
    return grow(rows, voxels.label, n_classes, trees=TREES, spacing=spacing, seed=seed)


def features_at(
    frames: Frames,
    voxels: LabelledVoxels,
    normalise: Normalise,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
) -> NDArray[np.float32]:
    """Compute multi-scale features of labelled voxels, ``(n, F)``, one neighbourhood at a time."""
    rows = np.empty((len(voxels), n_features(frames.shape[1])), np.float32)
    cells = np.column_stack([voxels.frame, voxels.position // np.array(CELL)])
    for cell in np.unique(cells, axis=0):
        here = np.flatnonzero((cells == cell).all(axis=1))
        position, t = voxels.position[here], int(cell[0])
        low = np.maximum(position.min(axis=0) - REACH, 0)
        high = np.minimum(position.max(axis=0) + REACH + 1, frames.volume_shape)
        raw = frames.read(t, tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
        check_finite(raw, t)
        features = scale_features(normalise(raw, t), spacing)
        rows[here] = features[:, *(position - low).T].T
    return rows

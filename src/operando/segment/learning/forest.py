"""The random forest that learns from strokes, and the features that it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.architecture import Architecture
from operando.nets.scale_features import REACH, n_features, scale_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.nets.frames import Frames
    from operando.nets.patches import LabelledVoxels
    from operando.segment.learning.lesson import Lesson
    from operando.segment.normalise import Normalise

TREES = 100


def forest_architecture(lesson: Lesson) -> Architecture:
    """Describe a forest of `TREES` trees; flat for slices that do not belong together."""
    return Architecture(
        network="forest",
        in_channels=lesson.channels,
        n_classes=len(lesson.classes),
        width=TREES,
        kernels=((1 if lesson.patch[0] == 1 else 3, 3, 3),),
        strides=(),
    )


def grow_forest(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Learn from labelled voxels, and return the state of a `operando.nets.forest.Forest`.

    Only the surroundings of the voxels are read.
    """
    return grow_on(lesson, features_of(lesson))


def features_of(lesson: Lesson) -> NDArray[np.float32]:
    """Compute the features ``(n, F)`` of all voxels to learn from."""
    return features_at(lesson.frames, lesson.learn, lesson.normalise, lesson.spacing)


def grow_on(lesson: Lesson, rows: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Learn from the features of the labelled voxels."""
    from operando.nets.forest import grow

    return grow(
        rows,
        lesson.learn.label,
        len(lesson.classes),
        trees=TREES,
        spacing=lesson.spacing,
        seed=lesson.settings.seed,
    )


def features_at(
    frames: Frames,
    voxels: LabelledVoxels,
    normalise: Normalise,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
) -> NDArray[np.float32]:
    """Compute multi-scale features of labelled voxels, ``(n, F)``, one neighbourhood at a time."""
    rows = np.empty((len(voxels), n_features(frames.shape[1])), np.float32)
    for here in voxels.cells():
        position, t = voxels.position[here], int(voxels.frame[here[0]])
        low = np.maximum(position.min(axis=0) - REACH, 0)
        high = np.minimum(position.max(axis=0) + REACH + 1, frames.volume_shape)
        raw = frames.read(t, tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
        features = scale_features(normalise(raw, t), spacing)
        rows[here] = features[:, *(position - low).T].T
    return rows

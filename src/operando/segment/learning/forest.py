"""The random forest that learns from the same strokes: alone, or asked by a network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.architecture import Architecture, restore
from operando.nets.frames import CELL, Frames
from operando.nets.scale_features import REACH, n_features, scale_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from operando.nets.patches import LabelledVoxels
    from operando.nets.training import HeldOut
    from operando.segment.learning.lesson import Lesson
    from operando.segment.models.model import Model
    from operando.segment.normalise import Normalise

TREES = 100
NETWORK, FOREST = "network.", "forest."
"""How the weights of either begin where a network asks a forest."""


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
    from operando.nets.forest import grow

    return grow(
        features_at(lesson.frames, lesson.learn, lesson.normalise, lesson.spacing),
        lesson.learn.label,
        len(lesson.classes),
        trees=TREES,
        spacing=lesson.spacing,
        seed=lesson.settings.seed,
    )


def ask_forest(
    architecture: Architecture, weights: Mapping[str, NDArray[Any]], lesson: Lesson
) -> tuple[Architecture, dict[str, NDArray[Any]], HeldOut | None]:
    """Let a network that has learnt ask a forest where it is unsure.

    Returns
    -------
    architecture, weights
        Of the `operando.nets.second_opinion.SecondOpinion` of both.
    held_out
        Scores of both together; None if no strokes were held out.
    """
    both = {
        **{NETWORK + name: values for name, values in weights.items()},
        **{FOREST + name: values for name, values in grow_forest(lesson).items()},
    }
    architecture = replace(architecture, second_opinion=True)
    if lesson.evaluate is None:
        return architecture, both, None
    network = restore(architecture, both).to(lesson.device)
    return architecture, both, lesson.evaluate(network)


def without_forest(model: Model) -> Model:
    """Return the model with its network alone, which can learn on."""
    if not model.architecture.second_opinion:
        return model
    return replace(
        model,
        architecture=replace(model.architecture, second_opinion=False),
        weights={
            name.removeprefix(NETWORK): values
            for name, values in model.weights.items()
            if name.startswith(NETWORK)
        },
    )


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
        features = scale_features(normalise(raw, t), spacing)
        rows[here] = features[:, *(position - low).T].T
    return rows

"""The network that learning starts from: a new one, or one that knows something already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError
from operando.nets.adapt import adapt_weights, flatten_levels
from operando.nets.architecture import SEEN_FRAMES, TIME_UNET, Architecture, build, plan_levels
from operando.segment.forest import without_forest
from operando.segment.head import (
    KNOWN_RIDGE,
    NEW_RIDGE,
    Head,
    fit_head,
    recognise,
    stroke_features,
)
from operando.segment.model import Model, pretrained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from operando.data.classes import LabelClass
    from operando.nets.frames import Frames
    from operando.segment.lesson import Lesson
    from operando.segment.settings import TrainSettings


def choose_start(
    start: str | Path | Model, settings: TrainSettings, frames: Frames
) -> Model | None:
    """Return the model to go on from; None starts anew.

    There are pre-trained weights of the 3D U-Net only, from which the one that sees time starts
    too; other networks start anew.

    Raises
    ------
    InputError
        If the model is for another number of channels, is a random forest, or sees time where
        the frames are single slices; or if there is nothing for instant training to go on from.
    """
    before = _known(start, settings, frames.shape[1])
    network = before.architecture.network if before else settings.network
    if before is None and not settings.steps and network != "forest":
        raise InputError(
            "Instant training changes only the last layer of a network that knows something",
            "start from pretrained, or choose more effort",
        )
    if network == TIME_UNET and frames.volume_shape[0] == 1:
        raise InputError("Single slices are no series", "choose a network without time")
    return before


def _known(start: str | Path | Model, settings: TrainSettings, channels: int) -> Model | None:
    if start == "scratch" or settings.network == "forest":
        return None
    if start == "pretrained":
        known = pretrained(cracks=True)
        if settings.network == TIME_UNET:
            return _in_context(known)
        return known if settings.network == known.architecture.network else None
    model = start if isinstance(start, Model) else Model.load(start)
    if model.architecture.network == "forest":
        raise InputError(
            "A random forest cannot be trained further", "start from pretrained or scratch"
        )
    model.check_channels(channels)
    return without_forest(model)


def _in_context(model: Model) -> Model:
    """Let a 3D U-Net look at the frames before and after, to which it gives no weight yet."""
    known = model.architecture
    architecture = replace(known, network=TIME_UNET, in_channels=SEEN_FRAMES * known.in_channels)
    unlearnt = {name: v.numpy() for name, v in build(architecture).state_dict().items()}
    return replace(model, architecture=architecture, weights={**unlearnt, **model.weights})


def new_network(lesson: Lesson) -> tuple[nn.Module, Architecture]:
    """Build a network with random weights that fits the patches."""
    kernels, strides = plan_levels(lesson.patch, lesson.spacing)
    architecture = Architecture(
        network=lesson.settings.network,
        in_channels=lesson.channels,
        n_classes=len(lesson.classes),
        width=lesson.settings.width,
        kernels=kernels,
        strides=strides,
    )
    return build(architecture, lesson.settings.seed), architecture


def adapted_network(before: Model, lesson: Lesson) -> tuple[nn.Module, Architecture]:
    """Fit a network that has learnt to other channels, voxels and classes.

    The last layer is fitted to the strokes on the features as they are. Classes of the same
    name, or that the network recognises in the strokes, start from what is known of them.
    """
    roomy = (1 if lesson.patch[0] == 1 else 64, 64, 64)
    levels = len(before.architecture.kernels)
    architecture = replace(
        flatten_levels(before.architecture, *plan_levels(roomy, lesson.spacing, levels)),
        in_channels=lesson.channels,
    )
    same = range(len(before.classes))
    weights = adapt_weights(before.weights, architecture, same)
    network = (
        replace(before, architecture=architecture, weights=weights).network().to(lesson.device)
    )
    rows, labels = stroke_features(network, lesson.sampler(lesson.learn), lesson.device)
    old = (weights["head.weight"].reshape(len(before.classes), -1), weights["head.bias"])
    inherited = recognise(rows, labels, old, _by_name(lesson.classes, before))
    ridge = [NEW_RIDGE if row is None else KNOWN_RIDGE for row in inherited]
    weight, bias = fit_head(rows, labels, lesson.class_weights, _rows(old, inherited), ridge)
    architecture = replace(architecture, n_classes=len(lesson.classes))
    weights = {
        **weights,
        "head.weight": weight.reshape(*weight.shape, 1, 1, 1),
        "head.bias": bias,
    }
    adapted = replace(before, architecture=architecture, weights=weights)
    return adapted.network(), architecture


def _by_name(classes: Sequence[LabelClass], before: Model) -> list[int | None]:
    """Old classes by the names of the new ones."""
    old = {c.name.casefold(): k for k, c in enumerate(before.classes)}
    return [old.get(c.name.casefold()) for c in classes]


def _rows(old: Head, inherited: Sequence[int | None]) -> Head:
    weight = np.zeros((len(inherited), old[0].shape[1]), np.float32)
    bias = np.zeros(len(inherited), np.float32)
    for k, row in enumerate(inherited):
        if row is not None:
            weight[k], bias[k] = old[0][row], old[1][row]
    return weight, bias

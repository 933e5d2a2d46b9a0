"""The network that learning starts from: a new one, or one that knows something already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError
from operando.nets.adapt import adapt_weights, flatten_levels
from operando.nets.architecture import SEEN_FRAMES, TIME_UNET, Architecture, build, plan_levels
from operando.segment.adapting.head import (
    KNOWN_RIDGE,
    NEW_RIDGE,
    by_name,
    fit_head,
    head_of,
    recognise,
    rows_of,
    stroke_features,
)
from operando.segment.adapting.label_shift import expected_shares, label_shift
from operando.segment.adapting.telling import painted_slices, tell
from operando.segment.learning.second_opinion import network_alone
from operando.segment.models.model import Model, pretrained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from operando.nets.architecture import Triple
    from operando.nets.frames import Frames
    from operando.segment.learning.lesson import Lesson
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
        If the model is for another number of channels, is a random forest or shall become one, or
        sees time where the frames are single slices; or if there is nothing for instant training
        to go on from, or to freeze.
    """
    before = _known(start, settings, frames.shape[1])
    network = before.architecture.network if before else settings.network
    if before is None and settings.effort == "instant" and network != "forest":
        raise InputError(
            "Instant training changes only the last layer of a network that knows something",
            "start from pretrained, or choose more effort",
        )
    if before is None and settings.freeze != "nothing" and network != "forest":
        raise InputError(
            f"The {settings.freeze} of a network that starts from scratch knows nothing to keep",
            "freeze nothing, or start from pretrained or a model",
        )
    if network == TIME_UNET and frames.volume_shape[0] == 1:
        raise InputError("Single slices are no series", "choose a network without time")
    return before


def _known(start: str | Path | Model, settings: TrainSettings, channels: int) -> Model | None:
    if start == "scratch" or (start == "pretrained" and settings.network == "forest"):
        return None
    if settings.network == "forest":
        raise InputError(
            "A random forest grows anew and cannot go on from a model",
            "start from pretrained or scratch, or choose a network",
        )
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
    return network_alone(model)


def _in_context(model: Model) -> Model:
    """Let a 3D U-Net look at the frames before and after, to which it gives no weight yet."""
    known = model.architecture
    architecture = replace(known, network=TIME_UNET, in_channels=SEEN_FRAMES * known.in_channels)
    unlearnt = {name: v.numpy() for name, v in build(architecture).state_dict().items()}
    return replace(model, architecture=architecture, weights={**unlearnt, **model.weights})


def new_architecture(
    settings: TrainSettings,
    channels: int,
    n_classes: int,
    patch: Triple,
    spacing: Sequence[float],
) -> Architecture:
    """Plan a network that fits the patches ``(z, y, x)``, of voxels with such edge lengths."""
    kernels, strides = plan_levels(patch, spacing)
    return Architecture(
        network=settings.network,
        in_channels=channels,
        n_classes=n_classes,
        width=settings.width,
        kernels=kernels,
        strides=strides,
    )


def new_network(lesson: Lesson) -> Start:
    """Build a network with random weights."""
    architecture = new_architecture(
        lesson.settings, lesson.channels, len(lesson.classes), lesson.patch, lesson.spacing
    )
    return Start(build(architecture, lesson.settings.seed), architecture)


@dataclass(frozen=True)
class Start:
    """A network that is ready to learn.

    Parameters
    ----------
    network, architecture
        The network.
    shift
        See `operando.segment.adapting.label_shift`; None if it does not know all painted classes.
    """

    network: nn.Module
    architecture: Architecture
    shift: NDArray[np.float32] | None = None


def reshaped(before: Model, channels: int, spacing: Sequence[float], *, flat: bool) -> Model:
    """Fit a network to other channels and voxels; its classes are the same.

    Parameters
    ----------
    before
        The network that has learnt.
    channels
        Of the images; more of them share the filters of the first one.
    spacing
        Edge lengths of a voxel ``(z, y, x)``.
    flat
        Whether images are single slices.
    """
    roomy = (1 if flat else 64, 64, 64)
    levels = len(before.architecture.kernels)
    architecture = replace(
        flatten_levels(before.architecture, *plan_levels(roomy, spacing, levels)),
        in_channels=channels,
    )
    weights = adapt_weights(before.weights, architecture, range(len(before.classes)))
    return replace(before, architecture=architecture, weights=weights)


def adapted_network(before: Model, lesson: Lesson, *, ships: bool) -> Start:
    """Fit a network that has learnt to other channels, voxels and classes.

    Classes of the same name, or that the network recognises in the strokes, start from what is
    known of them. The network that ships is told what they look like this time. Then the last
    layer is fitted to the strokes.

    Parameters
    ----------
    before
        The network that has learnt.
    lesson
        What it shall learn.
    ships
        Whether it is the one that ships, as it is.
    """
    flat = lesson.patch[0] == 1
    known = reshaped(before, lesson.channels, lesson.spacing, flat=flat)
    inherited = by_name(lesson.classes, before)
    if None in inherited:
        inherited = recognise(*_features(known, lesson), head_of(known), inherited)
    if ships and _is_grey(lesson):
        painted = painted_slices(lesson.frames, lesson.learn, lesson.normalise)
        known = tell(known, *painted, inherited)
    # What ships knows volumes of electrodes: how much there is in single slices it cannot tell.
    shift = None if ships and flat else _shift(known, lesson, inherited)
    ridge = [NEW_RIDGE if row is None else KNOWN_RIDGE for row in inherited]
    weight, bias = fit_head(
        *_features(known, lesson),
        lesson.class_weights,
        rows_of(head_of(known), inherited),
        ridge,
        shift=shift,
    )
    architecture = replace(known.architecture, n_classes=len(lesson.classes))
    weights = {
        **known.weights,
        "head.weight": weight.reshape(*weight.shape, 1, 1, 1),
        "head.bias": bias,
    }
    adapted = replace(known, architecture=architecture, weights=weights)
    return Start(adapted.network(), architecture, shift)


def _shift(
    known: Model, lesson: Lesson, inherited: Sequence[int | None]
) -> NDArray[np.float32] | None:
    rows = [0 if row is None else row for row in inherited]
    unknown = [k + 1 for k, row in enumerate(inherited) if row is None]
    if np.isin(lesson.learn.label, unknown).any():
        return None
    network = known.network().to(lesson.device)
    shares = expected_shares(network, lesson.sampler(lesson.learn), lesson.device)
    return label_shift(lesson.learn.label, lesson.class_weights, shares[rows])


def _features(model: Model, lesson: Lesson) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    network = model.network().to(lesson.device)
    return stroke_features(network, lesson.sampler(lesson.learn), lesson.device)


def _is_grey(lesson: Lesson) -> bool:
    """Whether frames have one channel, which the network that sees time takes three times."""
    seen = SEEN_FRAMES if lesson.settings.network == TIME_UNET else 1
    return lesson.channels == seen

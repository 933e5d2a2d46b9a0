"""Teach a network from brush strokes alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.device import choose_device
from operando.data.classes import COLOUR_CYCLE, LabelClass, check_classes
from operando.errors import InputError
from operando.nets.adapt import adapt_weights, flatten_levels
from operando.nets.architecture import Architecture, Triple, build, plan_levels
from operando.nets.augment import Augmentation
from operando.nets.frames import Frames
from operando.nets.patches import LabelledVoxels, PatchSampler
from operando.segment.model import Model, pretrained
from operando.segment.normalise import GreyScale, grey_scale
from operando.segment.scores import confusion, dice
from operando.segment.settings import TrainSettings
from operando.segment.strokes import check_shapes, class_weights, find_strokes, hold_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from operando.compute.progress import ProgressCallback
    from operando.nets.training import HeldOut
    from operando.segment.losses import StrokeLoss

FINE_TUNING_RATE = 0.3
HELD_OUT_PATCHES = 8


def train(
    images: Any,
    strokes: Any,
    *,
    start: Literal["pretrained", "scratch"] | Path | Model = "pretrained",
    settings: TrainSettings | None = None,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    classes: Sequence[LabelClass] | None = None,
    voxel_size: Sequence[float] | None = None,
) -> Model:
    """Train a network on the voxels that carry a stroke; the others carry no loss.

    Only frames with strokes are read, and of them only the surroundings of the strokes and a
    few slices for the grey scale. Same input, settings and machine give the same model.

    Parameters
    ----------
    images
        ``(T, Z, Y, X)``, ``(Z, Y, X)`` or ``(T, C, Z, Y, X)``; numpy, memmap, dask or zarr.
        A stack of unrelated slices is ``(N, 1, Y, X)``: nothing is mixed across them.
    strokes
        ``(T, Z, Y, X)`` integers, 0 = unlabelled, 1..K = classes.
    start
        "pretrained" goes on from the network that comes with the package, which has seen
        synthetic electrodes (tools/pretrain.py); "scratch" starts with random weights; or a
        model (or its folder) to go on from. Classes that the model knows by name go on from
        what it knows of them, others start anew.
    settings
        How to train; None for the defaults.
    device
        "auto", "cpu", "cuda", "mps".
    progress
        Called every step with ``loss``, ``held_out_loss`` and ``held_out_dice``.
    classes
        What 1..K mean; None takes the classes of `start`, or numbers them.
    voxel_size
        ``(z, y, x)`` µm: thick slices are not pooled. None takes cubes.

    Raises
    ------
    InputError
        If there are no strokes or of one class only, shapes do not fit, images hold NaN, or
        `start` was trained for another number of channels.
    """
    settings = settings or TrainSettings()
    device = choose_device(device)
    frames = Frames(images)
    check_shapes(frames.shape, strokes)
    painted = find_strokes(strokes)
    before = _start(start, frames.shape[1])
    classes = _classes(classes, max(painted.classes), None if start == "pretrained" else before)
    size = voxel_size or (before.voxel_size if before else None)
    patch = choose_patch(frames.volume_shape, settings, size)
    network, architecture = _network(frames.shape[1], classes, patch, size, settings, before)

    seeds = np.random.SeedSequence(settings.seed).spawn(2)
    learn, score = hold_out(painted, settings.held_out, np.random.default_rng(seeds[0]))
    scales = {t: grey_scale(frames, t) for t in painted.frames}
    normalise = _Normalise(scales)
    augment = Augmentation() if settings.augment else None
    sampler = PatchSampler(frames, learn, patch, normalise, augment)
    rng = np.random.default_rng(seeds[1])
    loss = _loss(learn, len(classes), settings)
    evaluate = (
        _Evaluate(PatchSampler(frames, score, patch, normalise), loss, len(classes), device)
        if len(score)
        else None
    )

    from operando.nets.training import Schedule, fit
    from operando.segment.losses import StrokeObjective

    rate = settings.learning_rate * (FINE_TUNING_RATE if before else 1.0)
    objective = StrokeObjective(
        loss, architecture.width, frames.shape[1], settings.restore, settings.seed
    )
    result = fit(
        network,
        lambda: sampler.draw(rng, settings.batch),
        objective,
        Schedule(steps=settings.steps, learning_rate=rate, freeze_from=0.0 if before else 0.4),
        evaluate=evaluate,
        device=device,
        progress=progress,
    )
    curve = np.array(result.curve, np.float64)
    return Model(
        architecture=architecture,
        weights=result.weights,
        classes=classes,
        patch=patch,
        voxel_size=None if size is None else _spacing(size),
        settings=settings.model_dump(),
        scores={
            **({} if evaluate is None else _held_out_scores(curve, result.best_step)),
            "best_step": result.best_step,
            "steps": settings.steps,
            "strokes": len(np.unique(painted.stroke)),
            "stroke_voxels": len(painted.voxels),
        },
        curve=curve,
    )


def _held_out_scores(curve: NDArray[np.float64], step: int) -> dict[str, float]:
    loss, score = curve[step - 1, 2:]
    return {"held_out_loss": float(loss), "held_out_dice": float(score)}


def choose_patch(
    volume: Triple, settings: TrainSettings, voxel_size: Sequence[float] | None = None
) -> Triple:
    """Patch ``(z, y, x)`` for a volume: fewer slices where they are thick, never more than all."""
    depth = settings.patch_depth
    if voxel_size is not None:
        depth = max(1, round(depth * min(1.0, min(voxel_size[1:]) / voxel_size[0])))
    z, y, x = volume
    return min(depth, z), min(settings.patch, y), min(settings.patch, x)


def _network(
    channels: int,
    classes: Sequence[LabelClass],
    patch: Triple,
    voxel_size: Sequence[float] | None,
    settings: TrainSettings,
    before: Model | None,
) -> tuple[nn.Module, Architecture]:
    spacing = voxel_size or (1.0, 1.0, 1.0)
    if before is None:
        kernels, strides = plan_levels(patch, spacing)
        architecture = Architecture(
            network=settings.network,
            in_channels=channels,
            n_classes=len(classes),
            width=settings.width,
            kernels=kernels,
            strides=strides,
        )
        return build(architecture, settings.seed), architecture
    roomy = (1 if patch[0] == 1 else 64, 64, 64)
    architecture = replace(
        flatten_levels(before.architecture, *plan_levels(roomy, spacing)),
        in_channels=channels,
        n_classes=len(classes),
    )
    weights = adapt_weights(
        before.weights, architecture, _inherited(classes, before), settings.seed
    )
    return replace(before, architecture=architecture, weights=weights).network(), architecture


def _inherited(classes: Sequence[LabelClass], before: Model) -> list[int | None]:
    """Old classes by the names of the new ones."""
    old = {c.name.casefold(): k for k, c in enumerate(before.classes)}
    return [old.get(c.name.casefold()) for c in classes]


def _start(start: str | Path | Model, channels: int) -> Model | None:
    if start == "scratch":
        return None
    if start == "pretrained":
        return pretrained()
    model = start if isinstance(start, Model) else Model.load(start)
    model.check_channels(channels)
    return model


def _classes(
    given: Sequence[LabelClass] | None, largest: int, before: Model | None
) -> tuple[LabelClass, ...]:
    if given is not None:
        if largest > len(given):
            raise InputError(
                f"There are strokes of class {largest}, but only {len(given)} classes",
                "add the class that is missing or erase its strokes",
            )
        return check_classes(given)
    if before is not None and largest <= len(before.classes):
        return before.classes
    return tuple(
        LabelClass(f"class {k + 1}", COLOUR_CYCLE[k % len(COLOUR_CYCLE)]) for k in range(largest)
    )


def _loss(voxels: LabelledVoxels, n_classes: int, settings: TrainSettings) -> StrokeLoss:
    from operando.segment.losses import StrokeLoss

    return StrokeLoss(class_weights(voxels, n_classes, settings.balance))


def _spacing(voxel_size: Sequence[float]) -> tuple[float, float, float]:
    z, y, x = (float(v) for v in voxel_size)
    return z, y, x


class _Normalise:
    """Scales what was read with the grey scale of its frame."""

    def __init__(self, scales: dict[int, GreyScale]) -> None:
        self._scales = scales

    def __call__(self, values: NDArray[Any], t: int) -> NDArray[np.float32]:
        return self._scales[t].apply(values)


class _Evaluate:
    """Scores a network on the same patches around held-out strokes every time."""

    def __init__(
        self,
        sampler: PatchSampler,
        loss: Callable[[Any, Any], Any],
        n_classes: int,
        device: str,
    ) -> None:
        self._patches = [sampler.patch(v) for v in sampler.cover(HELD_OUT_PATCHES)]
        self._loss = loss
        self._device = device
        self._n_classes = n_classes

    def __call__(self, network: nn.Module) -> HeldOut:
        import torch

        from operando.nets.training import HeldOut

        losses, weights = [], []
        table = np.zeros((self._n_classes,) * 2, np.int64)
        with torch.inference_mode():
            for image, labels in self._patches:
                x = torch.from_numpy(image[None]).to(self._device)
                y = torch.from_numpy(labels[None]).to(self._device)
                logits = network(x)
                losses.append(float(self._loss(logits, y)))
                weights.append(int((labels > 0).sum()))
                answer = logits.argmax(1)[0].cpu().numpy() + 1
                table += confusion(labels, answer, self._n_classes)
        painted = table.sum(axis=1) > 0
        score = float(np.mean(dice(table)[painted]))
        return HeldOut(loss=float(np.average(losses, weights=weights)), dice=score)

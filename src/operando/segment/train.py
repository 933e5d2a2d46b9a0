"""Teach a network from brush strokes alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from operando.compute.device import choose_device
from operando.compute.progress import Stopwatch
from operando.data.classes import COLOUR_CYCLE, LabelClass, check_classes
from operando.data.given import as_array, as_settings
from operando.data.series import check_voxel_size
from operando.errors import InputError
from operando.nets.architecture import restore
from operando.nets.augment import Augmentation
from operando.nets.frames import Frames, frames_for
from operando.segment.adapting.head import by_name, rule_out
from operando.segment.adapting.part_way import go_part_way
from operando.segment.adapting.start import adapted_network, choose_start, new_network
from operando.segment.learning.forest import forest_architecture, grow_forest
from operando.segment.learning.lesson import Lesson
from operando.segment.learning.second_opinion import ask_others
from operando.segment.margin import find_margin, refuse_margin
from operando.segment.models.model import Model
from operando.segment.normalise import Normalise, grey_scale
from operando.segment.painting.strokes import (
    check_shapes,
    find_strokes,
    hold_out,
)
from operando.segment.scoring.held_out import held_out_scores
from operando.segment.settings import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from operando.compute.progress import ProgressCallback
    from operando.nets.architecture import Architecture
    from operando.nets.training import Fit

FINE_TUNING_RATE = 0.3
BOLD_FOLLOWING = 0.1
"""Of the weight of following edges where nothing is kept of what was known: more of it smooths
thin and speckled classes away."""


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
    checkpoint: Path | None = None,
) -> Model:
    """Train a network on the voxels that carry a stroke; the others have no class.

    Of the others it learns where things end: borders are drawn to the edges of the image
    (`EdgeLoss`), and what was known before is kept. The network that ships is told beforehand what
    the classes look like (`operando.segment.adapting.telling`). Where all classes are known,
    strokes need not be a fair sample of the volume (`operando.segment.adapting.label_shift`).

    For single slices, a random forest and a regression that learnt from the same strokes have a
    say where the network is unsure (`operando.nets.second_opinion`); settings change that.

    Only frames with strokes are read, and of them only the surroundings of the strokes and a
    few slices for the grey scale. Same input, settings and machine give the same model.

    Parameters
    ----------
    images
        ``(T, Z, Y, X)``, ``(Z, Y, X)`` or ``(T, C, Z, Y, X)``; numpy, memmap, dask or zarr.
        A stack of unrelated slices is ``(N, 1, Y, X)``: nothing is mixed across them.
    strokes
        ``(T, Z, Y, X)`` integers, 0 = unlabelled, 1..K = classes. Those over what was not imaged
        (NaN) are passed over.
    start
        "pretrained" goes on from the network that comes with the package, which has seen
        synthetic electrodes (tools/pretrain.py); "scratch" starts with random weights; or a
        model (or its folder) to go on from. Classes that the model knows by name go on from
        what it knows of them, others start anew.
    settings
        How to train; None for the defaults. A network that is gone on from keeps its kind and its
        width, which then are the ones that the model names among its settings.
    device
        "auto", "cpu", "cuda", "mps".
    progress
        Called every step with ``loss``, ``held_out_loss`` and ``held_out_dice``.
    classes
        What 1..K mean; None takes the classes of `start`, or numbers them.
    voxel_size
        ``(z, y, x)`` µm: thick slices are not pooled. None takes cubes.
    checkpoint
        File in which the state of the training is kept every quarter of a minute. If it is there,
        training goes on from it: it has to be of the same images, strokes and settings. Remove it
        when the model is kept.

    Raises
    ------
    InputError
        If there are no strokes where something was imaged or of one class only, shapes do not
        fit, or `start` was trained for another number of channels; or if the images have a
        margin of one grey value without strokes (`operando.segment.margin`).
    """
    settings = as_settings(TrainSettings, settings)
    device = choose_device(device)
    single = Frames(images)
    strokes = as_array(strokes)
    check_shapes(single.shape, strokes)
    before = choose_start(start, settings, single)
    if before:
        known = before.architecture
        settings = settings.model_copy(update={"network": known.network, "width": known.width})
    frames = frames_for(settings.network, images)
    painted = find_strokes(strokes, frames)
    refuse_margin(find_margin(single, painted.frames), painted.voxels.position)
    size = before.voxel_size if before else None
    if voxel_size is not None:
        size = check_voxel_size(voxel_size)
    draw, shuffle = map(np.random.default_rng, np.random.SeedSequence(settings.seed).spawn(2))
    learn, score = hold_out(painted, settings.held_out, draw)
    lesson = Lesson(
        classes=_classes(classes, max(painted.classes), None if start == "pretrained" else before),
        frames=frames,
        learn=learn,
        score=score,
        normalise=Normalise({t: grey_scale(frames, t) for t in painted.frames}),
        patch=settings.patch_in(frames.volume_shape, size),
        spacing=size or (1.0, 1.0, 1.0),
        settings=settings,
        device=device,
    )
    flat = lesson.patch[0] == 1
    if settings.network == "forest":
        architecture, result = _grow(lesson, progress)
    else:
        ships = start == "pretrained"
        architecture, result = _fit(lesson, before, ships, shuffle, progress, checkpoint)
        result = replace(result, weights=rule_out(result.weights, _unheard_of(lesson, before)))
    curve = np.array(result.curve, np.float64)
    weights, held_out = result.weights, result.held_out
    if _asks_others(settings, flat=flat):
        architecture, weights, held_out = ask_others(architecture, weights, lesson)
    return Model(
        architecture=architecture,
        weights=weights,
        classes=lesson.classes,
        patch=lesson.patch,
        voxel_size=size,
        start=_told_start(start, before),
        settings=settings.model_dump(),
        scores={
            **held_out_scores(held_out, lesson.classes),
            "best_step": result.best_step,
            "steps": len(curve),
            "strokes": len(np.unique(painted.stroke)),
            "stroke_voxels": len(painted.voxels),
            **result.resumption,
        },
        curve=curve,
    )


def _fit(
    lesson: Lesson,
    before: Model | None,
    ships: bool,
    rng: np.random.Generator,
    progress: ProgressCallback | None,
    checkpoint: Path | None,
) -> tuple[Architecture, Fit]:
    import torch

    from operando.nets.checkpoint import Checkpoint
    from operando.nets.training import Schedule, fit
    from operando.segment.learning.edges import EdgeLoss
    from operando.segment.learning.losses import StrokeObjective

    settings = lesson.settings
    # Shipped weights saw volumes of electrodes: single slices of anything are learnt boldly.
    gently = before is not None and not (ships and lesson.patch[0] == 1)
    start = adapted_network(before, lesson, ships=ships) if before else new_network(lesson)
    network, architecture = start.network, start.architecture
    known = {name: values.numpy().copy() for name, values in network.state_dict().items()}
    known = rule_out(known, _unheard_of(lesson, before))
    network.load_state_dict({name: torch.from_numpy(values) for name, values in known.items()})
    lesson = replace(lesson, shift=start.shift)
    steps = settings.steps_on(lesson.patch, new=before is None)
    if not steps:
        return architecture, _at_once(lesson, network.eval(), "Fitting the last layer", progress)
    if settings.freeze != "nothing":
        network.get_submodule(settings.freeze).requires_grad_(False)
    rate = settings.learning_rate * (FINE_TUNING_RATE if gently else 1.0)
    batch = settings.batch_of(lesson.patch)
    sampler = lesson.sampler(lesson.learn, Augmentation() if settings.augment else None)
    result = fit(
        network,
        lambda: sampler.draw(rng, batch),
        StrokeObjective(
            lesson.loss,
            architecture.width,
            lesson.channels,
            settings.restore,
            settings.seed,
            teacher=network if gently else None,
            keep=settings.keep,
            edges=EdgeLoss(lesson.spacing, settings.seed),
            follow=settings.follow_edges * (1.0 if gently else BOLD_FOLLOWING),
        ),
        Schedule(steps=steps, learning_rate=rate, freeze_from=0.0 if gently else 0.4),
        evaluate=lesson.evaluate,
        device=lesson.device,
        progress=progress,
        checkpoint=Checkpoint(checkpoint, rng) if checkpoint is not None else None,
    )
    if gently:
        result = go_part_way(known, result, network, lesson.evaluate)
    return architecture, result


def _grow(lesson: Lesson, progress: ProgressCallback | None) -> tuple[Architecture, Fit]:
    """Grow a random forest: one step."""
    architecture = forest_architecture(lesson)
    network = restore(architecture, grow_forest(lesson))
    return architecture, _at_once(lesson, network, "Growing trees", progress)


def _at_once(
    lesson: Lesson, network: nn.Module, message: str, progress: ProgressCallback | None
) -> Fit:
    """Score a network that learnt all it will in one step."""
    from operando.nets.training import Fit

    watch = Stopwatch(progress, 1, "steps", message)
    row, held_out = (1, np.nan, np.nan, np.nan), None
    if lesson.evaluate is not None:
        held_out = lesson.evaluate(network)
        row = (1, np.nan, held_out.loss, held_out.dice)
    watch.advance(values={} if np.isnan(row[3]) else {"held_out_dice": row[3]})
    weights = {name: values.cpu().numpy() for name, values in network.state_dict().items()}
    return Fit(weights=weights, curve=[row], best_step=1, held_out=held_out)


def _unheard_of(lesson: Lesson, before: Model | None) -> list[int]:
    """Classes that nobody painted and that the network did not know before."""
    known = by_name(lesson.classes, before) if before else [None] * len(lesson.classes)
    return [k for k, row in enumerate(known) if row is None and k + 1 not in lesson.learn.label]


def _told_start(start: str | Path | Model, before: Model | None) -> str:
    """Say what a network knew before it learnt, and where it had that from."""
    if before is None:
        return "random weights"
    if start == "pretrained":
        return "the weights that ship with the package"
    name = "another model" if isinstance(start, Model) else f"the model `{Path(start).name}`"
    return f"{name}, which started from {before.start}" if before.start else name


def _asks_others(settings: TrainSettings, *, flat: bool) -> bool:
    if settings.network == "forest":
        return False
    return settings.second_opinion == "always" or (settings.second_opinion == "slices" and flat)


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

"""Teach a new network, without strokes, what the one that ships sees in images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.blocks import sample_slices
from operando.compute.device import choose_device
from operando.data.series import check_voxel_size
from operando.errors import InputError
from operando.nets.architecture import TIME_UNET, build
from operando.nets.augment import Augmentation
from operando.nets.frames import Frames
from operando.segment.adapting.start import new_architecture, reshaped
from operando.segment.models.model import Model, has_weights, pretrained
from operando.segment.normalise import Normalise, grey_scale
from operando.segment.settings import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.compute.progress import ProgressCallback
    from operando.nets.architecture import Triple
    from operando.nets.training import Batch

NEED_STROKES = frozenset({"forest", TIME_UNET})
"""Networks that cannot learn from images alone."""
STEPS = 150
RATE = 4e-3
MOST_FRAMES = 16
"""That are learnt from, evenly spread over the series."""


def learn_images(
    images: Any,
    *,
    settings: TrainSettings | None = None,
    steps: int = STEPS,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    voxel_size: Sequence[float] | None = None,
    checkpoint: Path | None = None,
) -> Model:
    """Teach a new network to answer as the one that ships does, on images without any label.

    For networks that come without weights, and for images of several channels, of which the
    teacher looks at the first. The new network learns the teacher's probabilities (distillation
    [Hinton 2015]) in random patches. It knows pore, binder, particle and crack afterwards, and
    strokes can go on from it: ``train(..., start=model)``. It cannot know more than its teacher,
    whose world is electrodes.

    Parameters
    ----------
    images
        As in `operando.segment.train`.
    settings
        Network, width, patch and seed are used; None takes the light U-Net.
    steps
        Batches.
    device
        "auto", "cpu", "cuda", "mps".
    progress
        Called every step with ``loss``.
    voxel_size
        ``(z, y, x)`` µm: thick slices are not pooled. None takes cubes.
    checkpoint
        As in `operando.segment.train`.

    Raises
    ------
    InputError
        If the network is a random forest or sees time; if it has weights that know electrodes
        already; or if nothing was imaged in a frame.
    """
    from operando.nets.checkpoint import Checkpoint
    from operando.nets.training import Schedule, fit
    from operando.segment.learning.losses import AgreeObjective

    settings = settings or TrainSettings(network="separable")
    frames = Frames(images)
    teacher = pretrained(cracks=True)
    _check(settings.network, frames.shape[1])
    size = check_voxel_size(voxel_size) if voxel_size is not None else None
    spacing = size or (1.0, 1.0, 1.0)
    patch = settings.patch_in(frames.volume_shape, size)
    architecture = new_architecture(settings, frames.shape[1], len(teacher.classes), patch, spacing)
    rng = np.random.default_rng(settings.seed)
    patches = _Patches(frames, patch, settings, rng)
    known = reshaped(teacher, 1, spacing, flat=patch[0] == 1)
    result = fit(
        build(architecture, settings.seed),
        patches.draw,
        AgreeObjective(known.network()),
        Schedule(steps=steps, learning_rate=RATE),
        device=choose_device(device),
        progress=progress,
        checkpoint=Checkpoint(checkpoint, rng) if checkpoint is not None else None,
    )
    return Model(
        architecture=architecture,
        weights=result.weights,
        classes=teacher.classes,
        patch=patch,
        voxel_size=size,
        start="random weights, and was taught without strokes by the network that ships",
        settings=settings.model_dump(),
        scores={"steps": len(result.curve), **result.resumption},
        curve=np.array(result.curve, np.float64),
    )


def _check(network: str, channels: int) -> None:
    if network in NEED_STROKES:
        raise InputError(
            f"The network {network!r} cannot learn from images without strokes",
            "choose the 3D U-Net or a light network",
        )
    if has_weights(network, channels):
        raise InputError(
            f"The network {network!r} knows electrodes already",
            "start from pretrained, or choose a network without weights of its own",
        )


class _Patches:
    """Random patches of some frames, turned, mirrored and with changed grey values."""

    def __init__(
        self, frames: Frames, patch: Triple, settings: TrainSettings, rng: np.random.Generator
    ) -> None:
        self._frames = frames
        self._chosen = sample_slices(frames.shape[0], MOST_FRAMES)
        self._normalise = Normalise({t: grey_scale(frames, t) for t in self._chosen})
        self._patch = patch
        self._batch = settings.batch_of(patch)
        self._augment = Augmentation() if settings.augment else None
        self._rng = rng

    def draw(self) -> Batch:
        """Draw images ``(N, C, z, y, x)``; nothing of them is labelled."""
        images = np.ascontiguousarray(np.stack([self._cut() for _ in range(self._batch)]))
        return images, np.zeros((len(images), *images.shape[2:]), np.uint8)

    def _cut(self) -> np.ndarray:
        t = int(self._rng.choice(self._chosen))
        spare = np.subtract(self._frames.volume_shape, self._patch)
        corner = self._rng.integers(0, spare + 1)
        box = tuple(slice(a, a + n) for a, n in zip(corner, self._patch, strict=True))
        values = self._frames.read(t, box)
        image = self._normalise(values, t)
        if self._augment is not None:
            image, _ = self._augment(image, np.zeros(self._patch, np.uint8), self._rng)
        return image

"""What there is to learn from strokes, and how it shall be learnt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from operando.nets.patches import LabelledVoxels, PatchSampler
from operando.segment.painting.strokes import class_weights
from operando.segment.scoring.held_out import HeldOutScore

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from operando.data.classes import LabelClass
    from operando.nets.architecture import Triple
    from operando.nets.augment import Augmentation
    from operando.nets.frames import Frames
    from operando.segment.learning.losses import StrokeLoss
    from operando.segment.normalise import Normalise
    from operando.segment.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Images, strokes and settings of one training.

    Parameters
    ----------
    frames
        The images.
    learn, score
        Strokes to learn from, and those kept aside to score with (may be empty).
    normalise
        Grey scale of every painted frame.
    classes
        Class k is the label k + 1.
    patch
        Voxels ``(z, y, x)`` of a patch.
    spacing
        Edge lengths of a voxel ``(z, y, x)``.
    settings, device
        How and where to learn.
    shift
        ``(K,)`` added to the logits of painted voxels: see `operando.segment.adapting.label_shift`.
    """

    frames: Frames
    learn: LabelledVoxels
    score: LabelledVoxels
    normalise: Normalise
    classes: tuple[LabelClass, ...]
    patch: Triple
    spacing: Sequence[float]
    settings: TrainSettings
    device: str
    shift: NDArray[np.float32] | None = None

    @property
    def channels(self) -> int:
        """Channels of the images."""
        return self.frames.shape[1]

    def sampler(self, voxels: LabelledVoxels, augment: Augmentation | None = None) -> PatchSampler:
        """Cut patches around some of the strokes."""
        return PatchSampler(self.frames, voxels, self.patch, self.normalise, augment)

    @cached_property
    def class_weights(self) -> tuple[float, ...]:
        """Weight of a voxel of each class."""
        return class_weights(self.learn, len(self.classes), self.settings.balance)

    @cached_property
    def loss(self) -> StrokeLoss:
        """Loss of the labelled voxels."""
        from operando.segment.learning.losses import StrokeLoss

        return StrokeLoss(self.class_weights, shift=self.shift)

    @cached_property
    def evaluate(self) -> HeldOutScore | None:
        """Score on the strokes kept aside; None if there are none."""
        if not len(self.score):
            return None
        return HeldOutScore(self.sampler(self.score), self.loss, len(self.classes), self.device)

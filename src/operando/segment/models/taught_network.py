"""A network that has learnt, with what it was taught."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.nets.architecture import Architecture, Triple, restore
from operando.nets.frames import Frames, frames_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

    from operando.data.classes import LabelClass


@dataclass(frozen=True, kw_only=True)
class TaughtNetwork:
    """A network that has learnt, with what it was taught.

    Parameters
    ----------
    architecture
        The network.
    weights
        Its state, by name.
    classes
        Class k of these is the value k + 1 of strokes and labels.
    patch
        Voxels ``(z, y, x)`` of the patches it was trained on.
    percentiles
        Grey-value percentiles of a frame that become -1 and 1.
    voxel_size
        ``(z, y, x)`` in µm, None if not known.
    settings
        The training's settings.
    scores
        ``steps``, ``best_step``, ``strokes``, ``stroke_voxels``, and ``held_out_loss`` and
        ``held_out_dice`` where strokes were held out.
    start
        What it knew before it learnt, in words; empty if that is not known.
    curve
        ``(n, 4)``: step, loss, held_out_loss, held_out_dice; NaN where not measured.
    """

    architecture: Architecture
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    classes: tuple[LabelClass, ...]
    patch: Triple
    percentiles: tuple[float, float] = (1.0, 99.0)
    voxel_size: tuple[float, float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    start: str = ""
    curve: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)), repr=False)

    def network(self) -> nn.Module:
        """Build the network with these weights, on the CPU, in evaluation mode."""
        try:
            return restore(self.architecture, self.weights)
        except RuntimeError as error:
            raise InputError(
                f"The weights do not fit the network {self.architecture.network!r}",
                "the model is damaged, train it again",
            ) from error

    def frames(self, images: Any, axes: str | None = None) -> Frames:
        """Read images as the network takes them; parameters as in `Frames`.

        Raises
        ------
        InputError
            If they have another number of channels than the model was trained for.
        """
        self.check_channels(Frames(images, axes).shape[1])
        return frames_for(self.architecture.network, images, axes)

    def check_channels(self, channels: int) -> None:
        """Refuse images with another number of channels.

        Raises
        ------
        InputError
            If `channels` is not what the model was trained for.
        """
        wanted = self.architecture.image_channels
        if channels != wanted:
            raise InputError(
                f"The model was trained for {wanted} channel(s), these images have {channels}",
                "choose other images or train a new model",
            )

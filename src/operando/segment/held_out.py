"""Score a network on strokes that it never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.segment.scores import confusion, dice

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from operando.nets.patches import PatchSampler
    from operando.nets.training import HeldOut

MOST_PATCHES = 8


class HeldOutScore:
    """Scores a network on the same patches around held-out strokes every time.

    Parameters
    ----------
    sampler
        Cuts patches around held-out strokes.
    loss
        Of logits ``(N, K, Z, Y, X)`` and labels ``(N, Z, Y, X)``.
    n_classes
        K.
    device
        Torch device.
    """

    def __init__(
        self,
        sampler: PatchSampler,
        loss: Callable[[Any, Any], Any],
        n_classes: int,
        device: str,
    ) -> None:
        self._patches = [sampler.patch(v) for v in sampler.cover(MOST_PATCHES)]
        self._loss = loss
        self._device = device
        self._n_classes = n_classes

    def __call__(self, network: nn.Module) -> HeldOut:
        """Return loss and mean Dice over the classes that were held out."""
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

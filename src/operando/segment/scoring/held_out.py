"""Score a network on strokes that it never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.segment.scoring.scores import confusion, dice, iou

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from operando.data.classes import LabelClass
    from operando.nets.patches import PatchSampler
    from operando.nets.training import HeldOut

MOST_PATCHES = 8
FARTHEST = 7.0
"""No voxel surprises more: one that is certain and wrong would outweigh all others."""


class HeldOutScore:
    """Scores a network on the same patches around held-out strokes every time.

    Patches without labels are passed over.

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
        patches = (sampler.patch(v) for v in sampler.cover(MOST_PATCHES))
        self._patches = [(image, labels) for image, labels in patches if labels.any()]
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
        loss = float(np.average(losses, weights=weights))
        return HeldOut(loss=loss, dice=score, confusion=table)

    def surprise(self, network: Callable[[Any], Any]) -> float:
        """Mean of -log p of the class that was painted, every class counting alike."""
        import torch

        total, count = np.zeros(self._n_classes), np.zeros(self._n_classes)
        with torch.inference_mode():
            for image, labels in self._patches:
                x = torch.from_numpy(image[None]).to(self._device)
                shares = network(x).float().log_softmax(1)[0].cpu().numpy()
                at = np.nonzero(labels)
                painted = labels[at].astype(int) - 1
                missing = np.minimum(-shares[(painted, *at)], FARTHEST)
                total += np.bincount(painted, missing, self._n_classes)
                count += np.bincount(painted, minlength=self._n_classes)
        return float((total[count > 0] / count[count > 0]).mean())


def held_out_scores(held_out: HeldOut | None, classes: Sequence[LabelClass]) -> dict[str, float]:
    """Scores by name, as a model keeps them: ``held_out_dice``, ``held_out_iou_pore`` ...

    Empty if nothing was held out; a class of which no stroke was held out has no score.
    """
    if held_out is None or np.isnan(held_out.dice):
        return {}
    scores = {"held_out_loss": held_out.loss, "held_out_dice": held_out.dice}
    table = held_out.confusion
    if table is not None:
        scores["held_out_accuracy"] = float(np.trace(table) / table.sum())
        for label_class, painted, value in zip(classes, table.sum(axis=1), iou(table), strict=True):
            if painted:
                scores[f"held_out_iou_{label_class.name}"] = float(value)
    return scores

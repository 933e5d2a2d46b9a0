"""Losses on the few voxels that carry a label."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class StrokeLoss:
    """Cross-entropy plus Dice on labelled voxels; unlabelled ones carry no loss.

    Parameters
    ----------
    weights
        One per class, for the cross-entropy.
    dice
        Share of the Dice part, 0 to 1.
    smoothing
        Label smoothing of the cross-entropy [Szegedy 2016].
    """

    weights: tuple[float, ...]
    dice: float = 0.3
    smoothing: float = 0.05

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of logits ``(N, K, Z, Y, X)`` and labels ``(N, Z, Y, X)`` 0 to K."""
        known = labels > 0
        picked = logits.movedim(1, -1)[known]
        target = labels[known].long() - 1
        weights = torch.tensor(self.weights, dtype=logits.dtype, device=logits.device)
        entropy = functional.cross_entropy(picked, target, weights, label_smoothing=self.smoothing)
        return (1 - self.dice) * entropy + self.dice * dice_loss(picked, target)


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the soft Dice of logits ``(n, K)``, mean over the classes in `target` ``(n,)``."""
    probability = logits.softmax(dim=1)
    truth = functional.one_hot(target, logits.shape[1]).to(probability.dtype)
    overlap = 2 * (probability * truth).sum(0) + 1
    score = overlap / (probability.sum(0) + truth.sum(0) + 1)
    present = truth.sum(0) > 0
    return 1 - score[present].mean()

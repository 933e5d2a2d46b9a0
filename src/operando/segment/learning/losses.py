"""Losses on the few voxels that carry a label."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from operando.segment.learning.edges import EdgeLoss


@dataclass(frozen=True)
class StrokeLoss:
    """Cross-entropy plus Dice on labelled voxels; unlabelled ones carry no loss.

    Parameters
    ----------
    weights
        One per class, for the cross-entropy; 0 for those that are not painted, which smoothing
        then does not teach.
    dice
        Share of the Dice part, 0 to 1.
    smoothing
        Label smoothing of the cross-entropy [Szegedy 2016].
    shift
        Added to the logits, one per class: see `operando.segment.adapting.label_shift`.
    """

    weights: tuple[float, ...]
    dice: float = 0.3
    smoothing: float = 0.05
    shift: NDArray[np.float32] | None = None

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of logits ``(N, K, Z, Y, X)`` and labels ``(N, Z, Y, X)`` 0 to K."""
        known = labels > 0
        picked = logits.movedim(1, -1)[known].float()
        if self.shift is not None:
            picked = picked + torch.from_numpy(self.shift).to(logits.device)
        target = labels[known].long() - 1
        weights = torch.tensor(self.weights, dtype=picked.dtype, device=logits.device)
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


def disagreement(teacher: nn.Module, logits: Tensor, images: Tensor) -> Tensor:
    """Cross-entropy between what a teacher and a network say, mean over all voxels."""
    with torch.no_grad():
        taught = teacher(images).float().softmax(dim=1)
    error: Tensor = -(taught * logits.float().log_softmax(dim=1)).sum(dim=1).mean()
    return error


class AgreeObjective(nn.Module):
    """Answer as a teacher does, who looks at the first channel.

    Parameters
    ----------
    teacher
        Network for images of one channel.
    """

    def __init__(self, teacher: nn.Module) -> None:
        super().__init__()
        self._teacher = teacher.eval().requires_grad_(False)

    def forward(self, network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss; labels are not looked at."""
        del labels
        return disagreement(self._teacher, network(images), images[:, :1])


class StrokeObjective(nn.Module):
    """Learn from strokes, and from every other voxel in two ways.

    Classes should change where the image does (`EdgeLoss`).

    A network that knows something already goes on agreeing with its teacher, the network as it
    was, in voxels without strokes (learning without forgetting [Li 2016]).

    A network that starts anew guesses voxels that were hidden: a few voxels of each patch are
    replaced by a neighbour's value, and a second head restores them from the features (blind
    spots of Noise2Void [Krull 2019]). Unlabelled voxels thus teach the network what the
    material looks like, though not what it is called.

    Parameters
    ----------
    loss
        Of the labelled voxels.
    width, channels
        Feature channels of the network, channels of the image.
    restore
        Weight of the second task; 0 leaves it out.
    seed
        Of the second head and of the hidden voxels.
    teacher
        Network to agree with; then nothing is hidden.
    keep
        Weight of agreeing with it.
    edges, follow
        Where classes should change, and the weight of it.
    """

    HIDDEN = 0.03
    REACH = 2

    def __init__(
        self,
        loss: StrokeLoss,
        width: int,
        channels: int,
        restore: float,
        seed: int = 0,
        *,
        teacher: nn.Module | None = None,
        keep: float = 0.0,
        edges: EdgeLoss | None = None,
        follow: float = 0.0,
    ) -> None:
        super().__init__()
        self._loss = loss
        self._edges = edges
        self._follow = follow
        self._restore = restore
        self._keep = keep
        self._teacher = deepcopy(teacher).eval().requires_grad_(False) if teacher else None
        self._random = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._restorer = nn.Conv3d(width, channels, 1)

    def get_extra_state(self) -> Tensor:
        """Return the random state, as part of the `state_dict`."""
        return self._random.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """Take over the random state."""
        self._random.set_state(state)

    def forward(self, network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses ``(2,)`` of strokes and others; networks need features and a head."""
        if self._teacher is None and self._restore:
            logits, other = self._guessing(network, images)
        else:
            logits, other = network(images), torch.zeros((), device=images.device)
        if self._teacher is not None and self._keep:
            other = other + self._keep * disagreement(self._teacher, logits, images)
        if self._edges is not None and self._follow:
            other = other + self._follow * self._edges(logits, images)
        return torch.stack([self._loss(logits, labels), other])

    def _guessing(self, network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of images some of whose voxels are hidden, and the cost of guessing those."""
        hidden = torch.rand(images.shape, generator=self._random) < self.HIDDEN
        hidden = hidden.to(images.device)
        features = network.features(torch.where(hidden, self._moved(images), images))  # type: ignore[operator]
        restored = self._restorer(features)[hidden].float()
        error = functional.mse_loss(restored, images[hidden])
        return network.head(features), self._restore * error  # type: ignore[operator]

    def _moved(self, images: Tensor) -> Tensor:
        """Images moved by a few voxels in the plane, never by none."""
        distance = torch.randint(1, self.REACH + 1, (2,), generator=self._random)
        sign = 2 * torch.randint(0, 2, (2,), generator=self._random) - 1
        return torch.roll(images, (distance * sign).tolist(), (3, 4))

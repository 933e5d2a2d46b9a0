"""The last layer, fitted to the strokes before anything else is learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from operando.data.classes import LabelClass
    from operando.nets.patches import PatchSampler
    from operando.segment.models.taught_network import TaughtNetwork

NEW_RIDGE, KNOWN_RIDGE = 0.1, 0.3
"""Of classes that are new to the network, and of those that it knows."""
ROUNDS = 100
MOST_PATCHES = 64
RECOGNISED = 0.5
"""Mean probability from which a class of strokes is taken for one that the network knows."""
FEW = 10
"""Painted voxels that count half as much as very many, where classes vie for a known one."""

RULED_OUT = -1e4
"""Bias of a class that nothing is known of."""

Head = tuple["NDArray[np.float32]", "NDArray[np.float32]"]
"""Weight ``(K, F)`` and bias ``(K,)`` of a linear layer that gives logits."""


def stroke_features(
    network: nn.Module, sampler: PatchSampler, device: str = "cpu"
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Compute what the head sees in labelled voxels: features ``(n, F)`` and labels ``(n,)``.

    Parameters
    ----------
    network
        In evaluation mode, with `features`.
    sampler
        Cuts patches around labelled voxels; at most `MOST_PATCHES` of them are looked at.
    """
    import torch

    rows, labels = [], []
    with torch.no_grad():
        for voxel in sampler.cover(MOST_PATCHES):
            image, painted = sampler.patch(voxel)
            batch = torch.from_numpy(np.ascontiguousarray(image[None])).to(device)
            features = network.features(batch)[0].cpu().numpy()  # type: ignore[operator]
            known = painted > 0
            rows.append(features[:, known].T)
            labels.append(painted[known])
    return np.concatenate(rows), np.concatenate(labels)


def recognise(
    rows: NDArray[np.float32],
    labels: NDArray[np.uint8],
    head: Head,
    inherited: Sequence[int | None],
) -> list[int | None]:
    """Find out which known class the strokes of every class belong to.

    Parameters
    ----------
    rows, labels
        From `stroke_features`.
    head
        Of the network as it was.
    inherited
        Known class of every new one as far as names tell; None where they do not.

    Returns
    -------
    As `inherited`, with those filled in that the network recognises by what it sees: by the
    best one-to-one assignment, if the mean probability is over `RECOGNISED`. A class of a voxel
    or two, a slip of the brush, takes no known class from one that is painted.
    """
    from scipy.optimize import linear_sum_assignment

    weight, bias = head
    logits = rows @ weight.T + bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = odds / odds.sum(axis=1, keepdims=True)
    open_new = [k for k, old in enumerate(inherited) if old is None and (labels == k + 1).any()]
    open_old = [k for k in range(len(weight)) if k not in inherited]
    found = list(inherited)
    if open_new and open_old:
        seen = np.stack([probability[labels == k + 1].mean(axis=0)[open_old] for k in open_new])
        count = np.array([[(labels == k + 1).sum()] for k in open_new])
        for i, j in zip(*linear_sum_assignment(-seen * count / (count + FEW)), strict=True):
            if seen[i, j] > RECOGNISED:
                found[open_new[i]] = open_old[j]
    return found


def fit_head(
    rows: NDArray[np.float32],
    labels: NDArray[np.uint8],
    class_weight: Sequence[float],
    prior: Head,
    ridge: float | Sequence[float] = NEW_RIDGE,
    rounds: int = ROUNDS,
    shift: NDArray[np.float32] | None = None,
) -> Head:
    """Multinomial logistic regression that stays close to a head it starts from.

    Parameters
    ----------
    rows, labels
        Features ``(n, F)`` and classes ``(n,)``, 1 to K.
    class_weight
        Of the voxels of each class.
    prior
        Head that is kept where strokes do not tell otherwise; zeros for a class that is new.
    ridge
        Cost of the squared distance to it, in units of the spread of each feature, for all
        classes or for each.
    rounds
        Steps of the optimiser at most.
    shift
        ``(K,)`` added to the logits meanwhile: see `operando.segment.adapting.label_shift`.
    """
    import torch

    weight, bias = prior
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    x = torch.from_numpy((rows - mean) / spread)
    target = torch.from_numpy(labels.astype(np.int64) - 1)
    costs = torch.tensor(class_weight, dtype=torch.float32)
    start = torch.from_numpy(
        np.column_stack([weight * spread, bias + weight @ mean]).astype(np.float32)
    )
    cost_of_change = torch.tensor(ridge, dtype=torch.float32).reshape(-1, 1)
    parameters = start.clone().requires_grad_()
    added = torch.zeros(len(bias)) if shift is None else torch.from_numpy(shift)
    optimizer = torch.optim.LBFGS([parameters], max_iter=rounds, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = x @ parameters[:, :-1].T + parameters[:, -1] + added
        loss = torch.nn.functional.cross_entropy(logits, target, costs)
        loss = loss + (cost_of_change * (parameters - start).square()).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    fitted = parameters.detach().numpy()
    fitted_weight = fitted[:, :-1] / spread
    return (
        fitted_weight.astype(np.float32),
        (fitted[:, -1] - fitted_weight @ mean).astype(np.float32),
    )


def head_of(model: TaughtNetwork) -> Head:
    """Return the last layer of a network."""
    weight = model.weights["head.weight"]
    return weight.reshape(len(weight), -1), model.weights["head.bias"]


def by_name(classes: Sequence[LabelClass], model: TaughtNetwork) -> list[int | None]:
    """Find what a network knows of every class by its name; None where that is nothing."""
    bias = model.weights["head.bias"]
    old = {c.name.casefold(): k for k, c in enumerate(model.classes) if bias[k] > RULED_OUT / 2}
    return [old.get(c.name.casefold()) for c in classes]


def rule_out(
    weights: Mapping[str, NDArray[Any]], classes: Sequence[int]
) -> dict[str, NDArray[Any]]:
    """Return the weights of a network that never answers some of its classes."""
    ruled = {name: weights[name].copy() for name in ("head.weight", "head.bias")}
    ruled["head.weight"][classes] = 0
    ruled["head.bias"][classes] = RULED_OUT
    return {**weights, **ruled}


def rows_of(head: Head, inherited: Sequence[int | None]) -> Head:
    """Take the rows of known classes, and zeros for those that are new."""
    weight = np.zeros((len(inherited), head[0].shape[1]), np.float32)
    bias = np.zeros(len(inherited), np.float32)
    for k, row in enumerate(inherited):
        if row is not None:
            weight[k], bias[k] = head[0][row], head[1][row]
    return weight, bias

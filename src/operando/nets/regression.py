"""A logistic regression in the shape of a network, on the features that the forest sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from operando.nets.forest import LEAST
from operando.nets.scale_features import n_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.nets.architecture import Architecture

STRENGTH = 0.1
"""Inverse of the penalty on the weights of standardised features."""
MOST_ROWS = 100_000
MOST_ROUNDS = 200


class Regression(nn.Module):
    """Multinomial logistic regression on multi-scale features (`operando.nets.scale_features`).

    It errs in other voxels than a forest. Shapes: features ``(n, F)`` to logarithms of
    probabilities ``(n, K)``. It has no parameters, only tables.

    Parameters
    ----------
    architecture
        Channels and classes.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        shape = architecture.n_classes, n_features(architecture.in_channels)
        self.register_buffer("weight", torch.zeros(shape))
        self.register_buffer("bias", torch.zeros(shape[0]))

    def forward(self, rows: Tensor) -> Tensor:
        """Return the logarithm of the probability of every class for every row."""
        rows = rows.to(self.weight.device)
        with torch.autocast(rows.device.type, enabled=False):  # features are not centred
            scores = rows @ self.weight.T + self.bias
            return scores.log_softmax(dim=1).clamp(min=float(np.log(LEAST)))


def regress(
    rows: NDArray[np.float32], labels: NDArray[np.uint8], n_classes: int
) -> dict[str, NDArray[Any]]:
    """Fit with scikit-learn, and return the state of a `Regression`.

    Parameters
    ----------
    rows
        Features ``(n, F)``; of very many a regular part is taken.
    labels
        Classes ``(n,)``, 1 to K. Every class counts alike, however much of it was painted.
    n_classes
        K; a class without rows is never answered.
    """
    from sklearn.linear_model import LogisticRegression

    step = 1 + len(labels) // MOST_ROWS
    rows, labels = rows[::step], labels[::step]
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    found = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=MOST_ROUNDS).fit(
        (rows - mean) / spread, labels
    )
    slopes, offsets = found.coef_, found.intercept_
    if len(slopes) == 1:  # of two classes scikit-learn tells the difference only
        slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.repeat(offsets, 2) * (-0.5, 0.5)
    weight = np.zeros((n_classes, rows.shape[1]), np.float32)
    bias = np.full(n_classes, -1e9, np.float32)
    known = found.classes_.astype(int) - 1
    weight[known] = slopes / spread
    bias[known] = offsets - (slopes / spread) @ mean
    return {"weight": weight, "bias": bias}

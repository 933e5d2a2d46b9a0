"""A random forest in the shape of a network, so that everything that runs networks runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor, nn

from operando.nets.scale_features import n_features, scale_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from operando.nets.architecture import Architecture

LEAST = 1e-3
"""Smallest probability that the forest gives; it keeps logarithms finite."""
BLOCK = 256
"""Voxels that go down one tree before the next one."""


class Forest(nn.Module):
    """Random forest [Breiman 2001] on multi-scale features (`scale_features`).

    Shapes: ``(N, C, Z, Y, X)`` to logarithms of probabilities ``(N, K, Z, Y, X)``. It has no
    parameters, only tables: the nodes of all trees one after another. It runs on the
    processor whatever the device; the width of its architecture is the number of trees.

    Parameters
    ----------
    architecture
        Channels, classes, trees.
    """

    spacing: Tensor
    tables = ("roots", "feature", "threshold", "left", "right", "leaf", "spacing")

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        for name, values in _one_leaf(architecture.n_classes).items():
            self.register_buffer(name, torch.from_numpy(values))

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *arguments: Any
    ) -> None:
        """Take over tables of any length."""
        for name in self.tables:
            if prefix + name in state_dict:
                self.register_buffer(name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logarithm of the probability of every class in every voxel."""
        return in_every_voxel(self.vote, x, self.spacing)

    def vote(self, rows: Tensor) -> Tensor:
        """Return the logarithm of the probability ``(n, K)`` for rows of features ``(n, F)``."""
        *tables, _ = (getattr(self, name).cpu().numpy() for name in self.tables)
        return torch.from_numpy(np.log(np.maximum(vote(rows.numpy(), *tables), LEAST)))


def in_every_voxel(answer: Callable[[Tensor], Tensor], x: Tensor, spacing: Tensor) -> Tensor:
    """Answer ``(N, K, Z, Y, X)`` of what takes features ``(n, F)`` and gives ``(n, K)``."""
    everywhere = torch.ones((len(x), *x.shape[2:]), dtype=torch.bool)
    rows = torch.from_numpy(features_where(x, everywhere, spacing))
    return answer(rows).reshape(len(x), *x.shape[2:], -1).movedim(-1, 1).to(x.device)


def features_where(x: Tensor, where: Tensor, spacing: Tensor) -> NDArray[np.float32]:
    """Compute the features ``(n, F)`` of the n voxels of a mask.

    Parameters
    ----------
    x
        ``(N, C, Z, Y, X)``.
    where
        ``(N, Z, Y, X)`` bool.
    spacing
        As for `scale_features`.
    """
    rows = [np.empty((0, n_features(x.shape[1])), np.float32)]
    for image, wanted in zip(x.detach().cpu().float().numpy(), where.cpu().numpy(), strict=True):
        if wanted.any():
            rows.append(scale_features(image, spacing.tolist())[:, wanted].T)
    return np.ascontiguousarray(np.concatenate(rows))


def grow(
    rows: NDArray[np.float32],
    labels: NDArray[np.uint8],
    n_classes: int,
    *,
    trees: int = 100,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Grow a forest with scikit-learn, and return the state of a `Forest`.

    Parameters
    ----------
    rows
        Features ``(n, F)``.
    labels
        Classes ``(n,)``, 1 to K. Every class counts alike, however much of it was painted.
    n_classes
        K; classes without voxels get no vote.
    spacing
        Voxel that the features were computed with.
    """
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        trees, min_samples_leaf=2, class_weight="balanced", random_state=seed
    ).fit(rows, labels)
    tables: dict[str, list[NDArray[Any]]] = {name: [] for name in Forest.tables}
    start = 0
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        leaf = np.zeros((tree.node_count, n_classes), np.float32)
        share = tree.value[:, 0]
        leaf[:, forest.classes_.astype(int) - 1] = share / share.sum(axis=1, keepdims=True)
        tables["roots"].append(np.array([start], np.int32))
        tables["feature"].append(tree.feature.astype(np.int32))
        tables["threshold"].append(tree.threshold)
        tables["left"].append((tree.children_left + start).astype(np.int32))
        tables["right"].append((tree.children_right + start).astype(np.int32))
        tables["leaf"].append(leaf)
        start += tree.node_count
    tables["spacing"] = [np.asarray(spacing, np.float64)]
    return {name: np.concatenate(parts) for name, parts in tables.items()}


def _one_leaf(n_classes: int) -> dict[str, NDArray[Any]]:
    return {
        "roots": np.zeros(1, np.int32),
        "feature": np.full(1, -2, np.int32),
        "threshold": np.zeros(1),
        "left": np.zeros(1, np.int32),
        "right": np.zeros(1, np.int32),
        "leaf": np.full((1, n_classes), 1 / n_classes, np.float32),
        "spacing": np.ones(3),
    }


@njit(cache=True, nogil=True, parallel=True)  # type: ignore[untyped-decorator]
def vote(
    rows: NDArray[np.float32],
    roots: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    leaf: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Mean class shares ``(n, K)`` of the leaves that features ``(n, F)`` fall into.

    Tree after tree for a block of voxels: a tree then stays in the processor's cache.
    """
    n, n_classes = len(rows), leaf.shape[1]
    out = np.zeros((n, n_classes), np.float32)
    for block in prange((n + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, n)
        for root in roots:
            for i in range(start, stop):
                node = root
                while feature[node] >= 0:
                    low = rows[i, feature[node]] <= threshold[node]
                    node = left[node] if low else right[node]
                for k in range(n_classes):
                    out[i, k] += leaf[node, k]
        out[start:stop] /= len(roots)
    return out

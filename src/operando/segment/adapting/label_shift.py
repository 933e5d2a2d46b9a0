"""Strokes are no sample of the volume: what is rare in it is painted as much as what is common.

A network that learns from strokes as they are takes rare classes for common ones and finds them
where they are not. So while it learns, the logits of painted voxels get the logarithm of how much
more of a class is painted than there is [Menon 2021]; without that addition they are then those
of the volume. How much there is, the network that knows the classes tells before it learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from operando.nets.patches import PatchSampler

MOST_PATCHES = 32
LEAST = 1e-3
"""Share below which no class is believed to be."""


def expected_shares(
    network: nn.Module, sampler: PatchSampler, device: str = "cpu"
) -> NDArray[np.float64]:
    """Share ``(K,)`` of every class of the network in patches around strokes, as it sees them."""
    import torch

    total = []
    with torch.no_grad():
        for voxel in sampler.cover(MOST_PATCHES):
            image, _ = sampler.patch(voxel)
            batch = torch.from_numpy(np.ascontiguousarray(image[None])).to(device)
            total.append(network(batch).softmax(1).mean((0, 2, 3, 4)).cpu().numpy())
    return np.asarray(np.mean(total, axis=0), np.float64)


def label_shift(
    labels: NDArray[np.uint8], weights: Sequence[float], shares: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Compute what is added to the logits of painted voxels while a network learns.

    Parameters
    ----------
    labels
        Of the painted voxels, 1 to K.
    weights
        ``(K,)`` of a painted voxel of each class in the loss.
    shares
        ``(K,)`` of the classes in the volume.

    Returns
    -------
    ``(K,)``: logarithm of the share of a class in the loss over its share in the volume; 0 for a
    class that is not painted.
    """
    counts = np.bincount(labels, minlength=len(weights) + 1)[1:] * np.asarray(weights)
    painted = counts > 0
    shift = np.zeros(len(weights))
    there = np.maximum(shares / shares[painted].sum(), LEAST)
    shift[painted] = np.log(counts[painted] / counts.sum()) - np.log(there[painted])
    return shift.astype(np.float32)

"""Displacement gradients from the nodes: a weighted plane through 3 x 3 x 3 neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.strain.neighbours import neighbour_indices, surface_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray


def plane_gradient(
    displacement: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    spacing: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Least-squares gradient over the usable nodes of each 3 x 3 x 3 block.

    Parameters
    ----------
    displacement
        ``(N, 3)`` voxels.
    usable
        ``(N,)`` nodes that take part.

    Returns
    -------
    gradient
        ``(N, 3, 3)``, ``[n, i, j] = du_i / dX_j``; along an axis with fewer than two usable nodes
        in the block it is not determined and 0.
    determined
        ``(N,)`` whether all three axes are determined.
    """
    around = neighbour_indices(grid_shape)
    terms = surface_terms(1)
    there = (around >= 0) & usable[around]
    u = np.where(there[..., None], displacement[around], 0.0)
    count = np.maximum(there.sum(axis=1), 1)[:, None]
    mean = u.sum(axis=1) / count
    middle = there.astype(float) @ terms[:, 1:] / count
    offsets = np.where(there[..., None], terms[None, :, 1:] - middle[:, None], 0.0)
    normal = np.einsum("nki,nkj->nij", offsets, offsets)
    right = np.einsum("nki,nkc->nic", offsets, np.where(there[..., None], u - mean[:, None], 0.0))
    slope = np.linalg.pinv(normal, rcond=1e-6, hermitian=True) @ right
    determined = np.linalg.eigvalsh(normal)[:, 0] > 0.1
    return np.swapaxes(slope, 1, 2) / np.asarray(spacing, float), determined

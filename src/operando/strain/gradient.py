"""Displacement gradients from the nodes: a fitted field, or planes through 3 x 3 x 3 nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.fit import cut_edges, fit_nodes
from operando.strain.neighbours import neighbour_indices, surface_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Layout:
    """Nodes along each axis, their spacing and their windows (voxels)."""

    grid: Triple
    spacing: Triple
    window: Triple


def node_gradient(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    own: NDArray[np.float64],
    status: NDArray[np.int64],
    layout: Layout,
    method: str,
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Gradient at every valid node, ``(N, 3, 3)``, NaN at the others, and its predicted noise.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)``.
    own
        ``(N, 3, 3)`` gradients of the windows themselves, used where nodes cannot tell.
    method
        "fit" (see `operando.strain.fit`) or "plane" (3 x 3 x 3 nodes).
    """
    valid = status == NodeStatus.CONVERGED
    found: dict[str, Any] = {}
    if method == "fit" and valid.any():
        disturbed = status == NodeStatus.LOW_CORRELATION
        cuts = cut_edges(disturbed, layout.grid) if disturbed.any() else None
        fit = fit_nodes(
            displacement, variance, valid, layout.grid, layout.spacing, layout.window, cuts
        )
        gradient = np.where(np.isfinite(fit.gradient), fit.gradient, own)
        wavelength = fit.half_wavelength.max(axis=0) * layout.spacing
        found["strain_noise"] = _median(fit.gradient_sigma[valid])
        found["fit_half_wavelength"] = tuple(float(w) for w in wavelength)
    else:
        gradient, determined = plane_gradient(displacement, valid, layout.grid, layout.spacing)
        gradient = np.where(determined[:, None, None], gradient, own)
        noise = np.sqrt(variance[valid]) / (np.array(layout.spacing) * np.sqrt(18.0))
        found["strain_noise"] = _median(noise)
    gradient[~valid] = np.nan
    return gradient, found


def _median(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


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

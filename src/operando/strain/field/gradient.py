"""Displacement gradients from the nodes: a fitted field, or planes through 3 x 3 x 3 nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import NodeStatus
from operando.errors import InputError
from operando.strain.field.fit import Fit, cut_edges, fit_nodes, overlap_correlation
from operando.strain.field.neighbours import neighbour_indices, surface_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField
    from operando.strain.field.window_gradient import WindowGradient

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
    own: WindowGradient,
    status: NDArray[np.int64],
    layout: Layout,
    method: str,
    own_motion: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]:
    """Gradient at every valid node and its standard deviation, NaN at the others, and the fit.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)``.
    own
        Gradients of the windows themselves: taken where nodes cannot tell, and where they
        contradict the fit and are surer. What they contradict is told as uncertain.
    method
        "fit" (see `operando.strain.field.fit`) or "plane" (3 x 3 x 3 nodes).
    own_motion
        ``(N,)`` nodes in whose windows things move on their own: the gradient of the window is
        theirs, not that of the sample, so that planes take its place.

    Returns
    -------
    ``(N, 3, 3)``, ``(N, 3, 3)``, and what the fit found.
    """
    valid = np.isin(status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))
    theirs = np.zeros((len(valid), 1, 1), bool)
    if own_motion is not None:
        theirs = own_motion[:, None, None]
    found: dict[str, Any] = {}
    planes, share = plane_gradient(displacement, valid, layout.grid, layout.spacing)
    plane_variance = variance[:, :, None] * (share * _shared_error(layout))[:, None]
    known = np.isfinite(share)[:, :, None].all(axis=1, keepdims=True)
    gradient, spread = own.at_centres(valid, layout)
    gradient = np.where(known & theirs, planes, gradient)
    spread = np.where(known & theirs, plane_variance, spread)
    smooth, error = np.where(known, planes, np.nan), plane_variance
    if method == "fit" and valid.any():
        fit = _fit(displacement, variance, status, layout)
        smooth, error = fit.gradient, fit.gradient_sigma**2
        wavelength = fit.half_wavelength.max(axis=0) * layout.spacing
        found["fit_half_wavelength"] = tuple(float(w) for w in wavelength)
    doubt = np.where(theirs, 0.0, own.contradiction(smooth, valid, layout))
    error = error + doubt
    take = np.isfinite(smooth) & ((method == "plane") | (doubt == 0) | (error <= spread))
    gradient, spread = np.where(take, smooth, gradient), np.where(take, error, spread)
    unknown = ~valid[:, None, None]
    return np.where(unknown, np.nan, gradient), np.where(unknown, np.nan, np.sqrt(spread)), found


def _shared_error(layout: Layout) -> NDArray[np.float64]:
    """Variance of slopes over 3 x 3 x 3 nodes by that of nodes that share no voxels, ``(3,)``."""
    level, slope = np.ones(3), np.array([-1.0, 0.0, 1.0])
    alike = [
        overlap_correlation(3, s, w) for s, w in zip(layout.spacing, layout.window, strict=True)
    ]
    ratios = [[w @ c @ w / (w @ w) for c in alike] for w in (level, slope)]
    return np.array([ratios[1][a] * np.prod(np.delete(ratios[0], a)) for a in range(3)])


def plane_gradient(
    displacement: NDArray[np.float64],
    usable: NDArray[np.bool_],
    grid_shape: tuple[int, int, int],
    spacing: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    share
        ``(N, 3)`` variance of the derivatives along the axes over that of a displacement, for
        independent errors; NaN where one of the axes is not determined.
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
    inverse = np.linalg.pinv(normal, rcond=1e-6, hermitian=True)
    determined = np.linalg.eigvalsh(normal)[:, :1] > 0.1
    share = np.where(determined, np.einsum("nii->ni", inverse), np.nan) / np.square(spacing)
    return np.swapaxes(inverse @ right, 1, 2) / np.asarray(spacing, float), share


def fit_field(field: DisplacementField) -> DisplacementField:
    """Replace local results by the smooth field that fits them best.

    Displacement, gradient and their errors are those of the fit at valid nodes; other nodes stay
    as they are. Where the true motion is smooth this lowers the noise several times, see
    `operando.strain.field.fit`.

    Parameters
    ----------
    field
        As `operando.strain.correlate` returns it.

    Raises
    ------
    InputError
        If no node is valid.
    """
    status = np.asarray(field.status, np.int64)
    valid = field.valid
    if not valid.any():
        raise InputError("No node of this field is valid", "correlate with a larger window")
    spacing = tuple(int(s) for s in field.spacing)
    layout = Layout(field.grid_shape, (spacing[0], spacing[1], spacing[2]), field.window)
    measured = np.asarray(field.displacement, np.float64)
    variance = np.square(np.asarray(field.sigma, np.float64))
    fit = _fit(measured, variance, status, layout)
    keep = valid[:, None]
    fitted = keep[..., None] & np.isfinite(fit.gradient)
    return replace(
        field,
        displacement=np.where(keep, fit.displacement, measured),
        gradient=np.where(fitted, fit.gradient, field.gradient),
        sigma=np.where(keep, fit.sigma, field.sigma),
        gradient_sigma=np.where(fitted, fit.gradient_sigma, np.sqrt(field.gradient_variance)),
    )


def _fit(
    displacement: NDArray[np.float64],
    variance: NDArray[np.float64],
    status: NDArray[np.int64],
    layout: Layout,
) -> Fit:
    """Fit to the valid nodes; smoothness ends where whole windows do not correlate."""
    broken = (NodeStatus.LOW_CORRELATION, NodeStatus.NOT_CONVERGED, NodeStatus.NARROWED)
    disturbed = np.isin(status, broken)
    cuts = cut_edges(disturbed, layout.grid) if disturbed.any() else None
    valid = np.isin(status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))
    return fit_nodes(
        displacement, variance, valid, layout.grid, layout.spacing, layout.window, cuts
    )

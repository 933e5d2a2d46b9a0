"""Displacement gradients from the nodes: a fitted field, or planes through 3 x 3 x 3 nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import NodeStatus
from operando.errors import InputError
from operando.strain.field.fit import Fit, cut_edges, fit_nodes
from operando.strain.field.neighbours import neighbour_indices, surface_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField

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
    own_motion: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Gradient at every valid node, ``(N, 3, 3)``, NaN at the others, and its predicted noise.

    Parameters
    ----------
    displacement, variance
        ``(N, 3)``.
    own
        ``(N, 3, 3)`` gradients of the windows themselves, used where nodes cannot tell.
    method
        "fit" (see `operando.strain.field.fit`) or "plane" (3 x 3 x 3 nodes).
    own_motion
        ``(N,)`` nodes in whose windows things move on their own: the gradient of the window is
        theirs, not that of the sample, so that planes take its place.
    """
    valid = np.isin(status, (NodeStatus.CONVERGED, NodeStatus.NARROWED))
    found: dict[str, Any] = {}
    planes, determined = plane_gradient(displacement, valid, layout.grid, layout.spacing)
    if own_motion is not None:
        own = np.where((own_motion & determined)[:, None, None], planes, own)
    if method == "fit" and valid.any():
        fit = _fit(displacement, variance, status, layout)
        gradient = np.where(np.isfinite(fit.gradient), fit.gradient, own)
        wavelength = fit.half_wavelength.max(axis=0) * layout.spacing
        found["strain_noise"] = _median(fit.gradient_sigma[valid])
        found["fit_half_wavelength"] = tuple(float(w) for w in wavelength)
    else:
        gradient = np.where(determined[:, None, None], planes, own)
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


def fit_field(field: DisplacementField) -> DisplacementField:
    """Replace local results by the smooth field that fits them best.

    Displacement, gradient and sigma are those of the fit at valid nodes; other nodes stay as they
    are. Where the true motion is smooth this lowers the noise several times, see
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
    gradient = np.where(np.isfinite(fit.gradient), fit.gradient, field.gradient)
    return replace(
        field,
        displacement=np.where(keep, fit.displacement, measured),
        gradient=np.where(keep[..., None], gradient, np.nan),
        sigma=np.where(keep, fit.sigma, field.sigma),
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

"""Statistics of a quantity over part of a displacement field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import DisplacementField


@dataclass(frozen=True)
class RegionStatistics:
    """What the nodes of a region say together; values in the unit of the quantity.

    Parameters
    ----------
    mean, spread
        Mean and standard deviation.
    mean_sd
        Standard error of the mean, as of `independent` values.
    median, low, high
        Median, and 5th and 95th percentile.
    nodes, valid
        Nodes in the region, and those of them that were measured.
    independent
        Valid nodes, counted only as far as their windows do not overlap.
    """

    mean: float
    spread: float
    mean_sd: float
    median: float
    low: float
    high: float
    nodes: int
    valid: int
    independent: float


def region_statistics(
    field: DisplacementField, values: NDArray[np.floating[Any]], inside: NDArray[Any]
) -> RegionStatistics:
    """Sum a quantity up over the nodes of a region.

    Windows that overlap measure the same voxels: ``n`` nodes count as ``n`` times the share of a
    window's volume that belongs to one node alone, which assumes a quantity that is rough on the
    scale of a window. At least one is counted.

    Parameters
    ----------
    field
        Whose nodes the values belong to.
    values
        ``(nz, ny, nx)``, NaN where nothing was measured.
    inside
        ``(N,)`` in the order of the nodes, or numbers of nodes.

    Raises
    ------
    InputError
        If no node of the region was measured.
    """
    chosen = values.ravel()[inside].astype(float)
    known = chosen[np.isfinite(chosen)]
    if not known.size:
        raise InputError(
            f"None of the {chosen.size} nodes in the region was measured",
            "draw a larger region, or elsewhere",
        )
    alone = np.prod(np.minimum(np.asarray(field.spacing) / np.asarray(field.window), 1))
    independent = max(1.0, float(known.size * alone))
    spread = float(known.std())
    low, median, high = (float(v) for v in np.percentile(known, (5, 50, 95)))
    return RegionStatistics(
        mean=float(known.mean()),
        spread=spread,
        mean_sd=spread / np.sqrt(independent),
        median=median,
        low=low,
        high=high,
        nodes=int(chosen.size),
        valid=int(known.size),
        independent=independent,
    )


def statistics_by_label(
    field: DisplacementField, values: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> dict[int, RegionStatistics]:
    """Sum a quantity up over the nodes of every label, such as a phase or a particle.

    Parameters
    ----------
    field, values
        As in `region_statistics`.
    labels
        ``(N,)`` in the order of the nodes; 0 and below belong to nothing.

    Returns
    -------
    By label, in rising order; labels of which no node was measured are left out.
    """
    order = np.argsort(labels, kind="stable")
    found, first = np.unique(labels[order], return_index=True)
    known = np.isfinite(values.ravel())
    return {
        int(label): region_statistics(field, values, nodes)
        for label, nodes in zip(found, np.split(order, first[1:]), strict=True)
        if label > 0 and known[nodes].any()
    }


def labels_at_nodes(field: DisplacementField, labels: Any) -> NDArray[np.int64]:
    """Read the label of the voxel at the centre of every node.

    Parameters
    ----------
    field
        Whose positions are voxels of the labels.
    labels
        ``(Z, Y, X)`` integers of any array that slices; read plane by plane.

    Returns
    -------
    ``(N,)``
    """
    voxels = np.rint(field.positions).astype(int).reshape(*field.grid_shape, 3)
    voxels = np.clip(voxels, 0, np.asarray(labels.shape) - 1)
    rows, columns = voxels[0, :, 0, 1], voxels[0, 0, :, 2]
    planes = [np.asarray(labels[z])[np.ix_(rows, columns)] for z in voxels[:, 0, 0, 0]]
    return np.stack(planes).astype(np.int64).ravel()

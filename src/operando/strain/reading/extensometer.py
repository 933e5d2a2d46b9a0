"""A virtual extensometer: how the length between two points changed, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.reading.place import place_in_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from operando.data import DisplacementField


@dataclass(frozen=True)
class Elongation:
    """Change of the length between two points.

    Parameters
    ----------
    length_um, change_um, change_sd_um
        Length in the reference, its change, and the predicted standard deviation of that.
    """

    length_um: float
    change_um: float
    change_sd_um: float

    @property
    def strain(self) -> float:
        """Change over length (engineering strain), no unit."""
        return self.change_um / self.length_um

    @property
    def strain_sd(self) -> float:
        """Predicted standard deviation of the strain."""
        return self.change_sd_um / self.length_um


def measure_elongation(
    field: DisplacementField, start: ArrayLike, end: ArrayLike, voxel_size: Sequence[float]
) -> Elongation:
    """Measure how much longer a line between two points of the reference became.

    Displacements are interpolated linearly between the valid nodes around each point, and go on
    with their gradient up to half a spacing outside the nodes. Errors of nodes around one point
    are taken as common (their windows overlap), those of the two points as independent: cautious
    for long lines, and too large for points within one window. A gradient is taken as that
    between two nodes with independent errors.

    Parameters
    ----------
    field
        ``deformed(X + u(X)) = reference(X)``.
    start, end
        ``(3,)`` points ``(z, y, x)`` in voxels of the reference.
    voxel_size
        ``(z, y, x)`` in µm.

    Raises
    ------
    InputError
        If the points are the same, or one has no valid node around it.
    """
    size = np.asarray(voxel_size, float)
    points = np.asarray([start, end], float)
    line = (points[1] - points[0]) * size
    length = float(np.linalg.norm(line))
    if not length > 0:
        raise InputError("Both points are the same", "choose two points some nodes apart")
    (u0, s0), (u1, s1) = (_at_point(field, p) for p in points)
    longer = line + (u1 - u0) * size
    new_length = float(np.linalg.norm(longer))
    along = longer / max(new_length, 1e-12)
    variance = ((along * size) ** 2 * (s0**2 + s1**2)).sum()
    return Elongation(length, new_length - length, float(np.sqrt(variance)))


def _at_point(
    field: DisplacementField, point: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Displacement and its standard deviation at a point, ``(3,)`` each, voxels."""
    place, _, near = place_in_grid(field, point)
    if not near:
        raise InputError(
            f"The point {tuple(round(float(v), 1) for v in point)} lies outside the nodes",
            "choose one inside",
        )
    last = np.asarray(field.grid_shape) - 1
    low = np.minimum(place.astype(int), np.maximum(last - 1, 0))
    weights, nodes = [], []
    for corner in product((0, 1), repeat=3):
        side = np.asarray(corner)
        share = np.prod(np.where(side == 1, place - low, 1 - (place - low)))
        if share > 0:
            weights.append(share)
            nodes.append(int(np.ravel_multi_index(tuple(low + side), field.grid_shape)))
    kept = field.valid[nodes]
    if np.dot(weights, kept) < 0.5:
        raise InputError(
            f"Around the point {tuple(round(float(v), 1) for v in point)} "
            "too few nodes were measured",
            "choose another point, or a larger window",
        )
    chosen, weight = np.asarray(nodes)[kept], np.asarray(weights)[kept]
    weight = weight / weight.sum()
    from_nodes = point - weight @ field.positions[chosen]
    gradient = np.tensordot(weight, field.gradient[chosen], 1)
    sigma = weight @ field.sigma[chosen]
    spread = np.sqrt(1 + 2 * ((from_nodes / field.spacing) ** 2).sum())
    return weight @ field.displacement[chosen] + gradient @ from_nodes, sigma * spread

"""How much a measurement scatters between two scans of a sample that did not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError
from operando.strain.reading.rigid_motion import without_motion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import DisplacementField

LEAST_NODES = 10


@dataclass(frozen=True)
class NoiseFloor:
    """Standard deviations over the valid nodes of a field between two static scans.

    Parameters
    ----------
    displacement
        ``(z, y, x)`` of the displacement, voxels.
    predicted
        ``(z, y, x)`` root mean square of what was predicted for it, voxels.
    strain
        ``(3, 3)`` of the components of the Green-Lagrange strain, no unit.
    nodes
        That were counted.
    """

    displacement: NDArray[np.float64]
    predicted: NDArray[np.float64]
    strain: NDArray[np.float64]
    nodes: int


def noise_floor(
    field: DisplacementField, voxel_size: Sequence[float] = (1.0, 1.0, 1.0)
) -> NoiseFloor:
    """Take a field for one between static scans, and measure how much it scatters.

    The sample may have been moved and turned between the scans: rigid motion is taken out, strain
    is not. What is left in a sample that did change is deformation, not noise.

    Parameters
    ----------
    field
        Of the two scans.
    voxel_size
        ``(z, y, x)``, any unit.

    Raises
    ------
    InputError
        If fewer than ten nodes are valid.
    """
    nodes = int(np.count_nonzero(field.valid))
    if nodes < LEAST_NODES:
        raise InputError(
            f"Only {nodes} nodes were measured, a noise floor needs {LEAST_NODES}",
            "use smaller windows or spacing, or better scans",
        )
    rest = without_motion(field, voxel_size=voxel_size)
    return NoiseFloor(
        displacement=rest.displacement[field.valid].std(axis=0),
        predicted=np.sqrt((field.sigma[field.valid].astype(float) ** 2).mean(axis=0)),
        strain=rest.physical(voxel_size).strain()[field.valid].std(axis=0),
        nodes=nodes,
    )

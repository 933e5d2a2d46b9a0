"""How sure the quantities that can be shown of a displacement field are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.ui.strain.node_quantities import ALONG_Z, node_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data import DisplacementField

_SHARES = {
    "volume_change": np.sqrt(3.0),
    "von_mises": np.sqrt(2 / 3),
    "layer_in_plane": np.sqrt(0.5),
    "layer_shear": np.sqrt(0.5),
}
"""Standard deviation over that of one normal strain, to first order."""


def node_errors(
    field: DisplacementField,
    name: str,
    voxel_size: Sequence[float],
    normal: Sequence[float] = ALONG_Z,
) -> NDArray[np.float32] | None:
    """Predicted standard deviation of one quantity at every node.

    Components of the strain have their own; what is made of several takes all of them as equally
    and independently uncertain, and strains as small.

    Parameters
    ----------
    field, name, voxel_size, normal
        As in `node_values`.

    Returns
    -------
    ``(nz, ny, nx)`` in the quantity's unit, NaN at nodes that are not valid; None for errors and
    ZNCC themselves, and for strains of a field that does not tell their noise.
    """
    quantity = node_quantity(name)
    if quantity.unit == "µm":
        sigma = _displacement(field, quantity.name, np.asarray(voxel_size, float), normal)
    elif quantity.unit == "%" and field.gradient_sigma is not None:
        sigma = 100 * _strain(field.physical(voxel_size).strain_sigma(), quantity.name)
    else:
        return None
    return np.where(field.valid, sigma, np.nan).reshape(field.grid_shape).astype(np.float32)


def _strain(sigma: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Of a component of the strain, or of what is made of all."""
    if name.startswith("strain_"):
        i, j = ("zyx".index(axis) for axis in name[-2:])
        return sigma[:, i, j]
    normal = np.sqrt(np.mean(np.einsum("nii->ni", sigma) ** 2, axis=1))
    return np.asarray(_SHARES.get(name, 1.0) * normal)


def _displacement(
    field: DisplacementField, name: str, size: NDArray[np.float64], normal: Sequence[float]
) -> NDArray[np.float64]:
    """Of a component, along the normal, or of the length."""
    sigma, moved = field.sigma * size, field.displacement * size
    if name == "layer_displacement":
        direction = np.broadcast_to(np.asarray(normal, float), moved.shape)
    elif name == "displacement":
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        direction = moved / np.maximum(length, 1e-12)
    else:
        direction = np.eye(3)["zyx".index(name[-1])][None]
    return np.sqrt(((direction * sigma) ** 2).sum(axis=1))

"""A displacement field as one table of its nodes, in physical units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.data.series import check_voxel_size
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from operando.data import DisplacementField

PAIRS = ("zz", "zy", "zx", "yy", "yx", "xx")


@dataclass(frozen=True)
class LayerStrain:
    """Strain as a layer feels it, ``(N,)`` each, no unit; the same for any axes in its plane.

    Parameters
    ----------
    through
        Normal strain along the normal of the layer.
    in_plane
        Mean of the normal strains in the plane of the layer.
    shear
        Shear between the normal and the plane, in the direction in which it is largest.
    """

    through: NDArray[np.float64]
    in_plane: NDArray[np.float64]
    shear: NDArray[np.float64]


def unit_normal(normal: ArrayLike) -> NDArray[np.float64]:
    """Direction ``(z, y, x)`` of length 1; refuses one without length."""
    direction = np.asarray(normal, float)
    length = float(np.linalg.norm(direction))
    if not length > 0:
        raise InputError(f"The normal {tuple(direction)} has no length", "give a direction")
    return np.asarray(direction / length)


def layer_strain(strain: NDArray[np.float64], normal: ArrayLike) -> LayerStrain:
    """Split a strain tensor by the normal of a layer, such as the through-thickness direction.

    Parameters
    ----------
    strain
        ``(N, 3, 3)``, axes z, y, x.
    normal
        ``(3,)`` direction ``(z, y, x)`` in µm, any length.

    Raises
    ------
    InputError
        If the normal has no length.
    """
    n = unit_normal(normal)
    pull = strain @ n
    through = pull @ n
    along = pull - through[:, None] * n
    in_plane = (np.trace(strain, axis1=1, axis2=2) - through) / 2
    return LayerStrain(through, in_plane, np.linalg.norm(along, axis=1))


def layer_columns(strain: NDArray[np.float64], normal: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """`layer_strain` under the names that it has in files, ``(N,)`` each."""
    layer = layer_strain(strain, normal)
    return {
        "strain_through_thickness": layer.through,
        "strain_in_plane": layer.in_plane,
        "strain_through_thickness_shear": layer.shear,
    }


def node_table(
    field: DisplacementField, voxel_size: Sequence[float], normal: ArrayLike | None = None
) -> pd.DataFrame:
    """Every node of a field with all that was measured there.

    Parameters
    ----------
    field
        ``deformed(X + u(X)) = reference(X)``.
    voxel_size
        ``(z, y, x)`` in µm.
    normal
        ``(3,)`` of a layer, see `layer_strain`; adds ``strain_through_thickness``,
        ``strain_in_plane`` and ``strain_through_thickness_shear``, and ``layer_normal_z`` and so on
        (unit vector).

    Returns
    -------
    One row per node, C order of the grid. ``node``; ``z_um``, ``y_um``, ``x_um`` from the centre
    of the first voxel of the reference; ``displacement_z_um`` and so on, and ``..._sd_um``, their
    predicted standard deviation; ``gradient_zy``, du_z / dY; ``strain_zy``, that of Green and
    Lagrange, with ``strain_zy_sd``, empty where it is not known, and ``volume_change``, no unit;
    ``zncc``; ``status`` in words; ``valid``.
    """
    import pandas as pd

    from operando.data import NodeStatus

    size = np.asarray(check_voxel_size(voxel_size))
    columns: dict[str, NDArray[np.generic]] = {"node": np.arange(len(field.positions))}
    for name, values in (("{}_um", field.positions), ("displacement_{}_um", field.displacement)):
        columns |= {name.format(a): values[:, i] * size[i] for i, a in enumerate("zyx")}
    for i, a in enumerate("zyx"):
        columns[f"displacement_{a}_sd_um"] = field.sigma[:, i] * size[i]
    lengths = field.physical(voxel_size)
    gradient, strain, sd = lengths.gradient, lengths.strain(), lengths.strain_sigma()
    for i, a in enumerate("zyx"):
        columns |= {f"gradient_{a}{b}": gradient[:, i, j] for j, b in enumerate("zyx")}
    for pair in PAIRS:
        i, j = map("zyx".index, pair)
        columns |= {f"strain_{pair}": strain[:, i, j], f"strain_{pair}_sd": sd[:, i, j]}
    columns["volume_change"] = field.volume_change
    if normal is not None:
        columns |= layer_columns(strain, normal)
        unit = unit_normal(normal)
        columns |= {f"layer_normal_{a}": np.full(len(strain), unit[i]) for i, a in enumerate("zyx")}
    columns["zncc"] = field.zncc
    words = np.array([status.name.lower() for status in NodeStatus])
    columns["status"] = words[field.status.astype(int)]
    columns["valid"] = field.valid
    return pd.DataFrame(columns)

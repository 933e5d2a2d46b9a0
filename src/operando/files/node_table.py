"""A displacement field as one table of its nodes, in physical units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from operando.data.series import check_voxel_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import DisplacementField

PAIRS = ("zz", "zy", "zx", "yy", "yx", "xx")


def physical(field: DisplacementField, voxel_size: Sequence[float]) -> DisplacementField:
    """Return the field with its gradient in µm per µm instead of voxel per voxel."""
    size = np.asarray(check_voxel_size(voxel_size))
    return replace(field, gradient=field.gradient * (size[:, None] / size[None, :]))


def volume_change(field: DisplacementField) -> NDArray[np.float64]:
    """Change of volume over volume, ``det F - 1``, ``(N,)``, no unit."""
    with np.errstate(invalid="ignore"):  # nodes without a gradient are NaN
        return np.asarray(np.linalg.det(np.eye(3) + field.gradient.astype(np.float64)) - 1)


def node_table(field: DisplacementField, voxel_size: Sequence[float]) -> pd.DataFrame:
    """Every node of a field with all that was measured there.

    Parameters
    ----------
    field
        ``deformed(X + u(X)) = reference(X)``.
    voxel_size
        ``(z, y, x)`` in µm.

    Returns
    -------
    One row per node, C order of the grid. ``node``; ``z_um``, ``y_um``, ``x_um`` from the centre
    of the first voxel of the reference; ``displacement_z_um`` and so on, and ``..._sd_um``, their
    predicted standard deviation; ``gradient_zy``, du_z / dY; ``strain_zy``, that of Green and
    Lagrange, and ``volume_change``, no unit; ``zncc``; ``status`` in words; ``valid``.
    """
    import pandas as pd

    from operando.data import NodeStatus

    size = np.asarray(check_voxel_size(voxel_size))
    columns: dict[str, NDArray[np.generic]] = {"node": np.arange(len(field.positions))}
    for name, values in (("{}_um", field.positions), ("displacement_{}_um", field.displacement)):
        columns |= {name.format(a): values[:, i] * size[i] for i, a in enumerate("zyx")}
    for i, a in enumerate("zyx"):
        columns[f"displacement_{a}_sd_um"] = field.sigma[:, i] * size[i]
    gradient, strain = physical(field, voxel_size).gradient, physical(field, voxel_size).strain()
    for i, a in enumerate("zyx"):
        columns |= {f"gradient_{a}{b}": gradient[:, i, j] for j, b in enumerate("zyx")}
    columns |= {f"strain_{p}": strain[:, "zyx".index(p[0]), "zyx".index(p[1])] for p in PAIRS}
    columns["volume_change"] = volume_change(field)
    columns["zncc"] = field.zncc
    words = np.array([status.name.lower() for status in NodeStatus])
    columns["status"] = words[field.status.astype(int)]
    columns["valid"] = field.valid
    return pd.DataFrame(columns)

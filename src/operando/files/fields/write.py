"""Displacement fields to the files of other programs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data import NodeStatus
from operando.data.series import check_voxel_size
from operando.errors import FileError, InputError, as_path
from operando.files.fields.table import layer_columns, node_table, unit_normal
from operando.files.fields.vtk import write_vti, write_vtu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from pathlib import Path

    from numpy.typing import ArrayLike

    from operando.data import DisplacementField

    Writer = Callable[[Path, DisplacementField, Sequence[float], ArrayLike | None], None]

_SPAM_STATUS = {
    NodeStatus.CONVERGED: 2,
    NodeStatus.NOT_CONVERGED: 1,
    NodeStatus.LOW_CORRELATION: -1,
    NodeStatus.OUTLIER: -1,
    NodeStatus.NO_TEXTURE: -2,
    NodeStatus.OUTSIDE: -5,
    NodeStatus.NARROWED: 2,
}


def write_field(
    path: str | PathLike[str],
    field: DisplacementField,
    *,
    voxel_size: Sequence[float],
    normal: ArrayLike | None = None,
) -> Path:
    """Write a field in the format that the name ends in; the file appears when it is complete.

    Parameters
    ----------
    path
        ``.vti`` (VTK image data: the whole grid), ``.vtu`` (VTK hexahedra between valid nodes),
        ``.csv`` (see `node_table`), ``.npz`` (arrays and what the run found), or ``.tsv`` as
        written by SPAM's ``spam-ldic``. Replaced if it is there.
    field
        ``deformed(X + u(X)) = reference(X)``. SPAM has the same convention: its Phi leads from
        the reference to the deformed volume, so signs are as they are here. Its files hold
        voxels; all others µm.
    voxel_size
        ``(z, y, x)`` in µm.
    normal
        Through-thickness direction ``(z, y, x)`` of a layer, µm, any length: adds the strain in
        the layer (see `operando.files.fields.table.layer_strain`), but for SPAM, which has no
        such columns.

    Returns
    -------
    The path that was written.

    Raises
    ------
    InputError
        If the name ends in no format, the voxel size is none, or the normal has no length.
    FileError
        If the file cannot be written.
    """
    target = as_path(path)
    writer = FIELD_FORMATS.get(target.suffix.lower())
    if writer is None:
        raise InputError(
            f"A field cannot be written as {target.name!r}",
            f"let the name end in one of {', '.join(FIELD_FORMATS)}",
        )
    size = check_voxel_size(voxel_size)
    partial = target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")
    try:
        writer(partial, field, size, normal)
        partial.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(
            f"{target} could not be written ({reason})", "choose another place"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _write_csv(
    path: Path,
    field: DisplacementField,
    voxel_size: Sequence[float],
    normal: ArrayLike | None,
) -> None:
    node_table(field, voxel_size, normal).to_csv(path, index=False)


def _write_npz(
    path: Path,
    field: DisplacementField,
    voxel_size: Sequence[float],
    normal: ArrayLike | None,
) -> None:
    """Arrays ``(N, ...)`` with unit in the name, components (z, y, x); `info` is JSON."""
    size = np.asarray(voxel_size)
    lengths = field.physical(voxel_size)
    strain = lengths.strain()
    arrays: dict[str, Any] = {
        "position_um": field.positions * size,
        "displacement_um": field.displacement * size,
        "displacement_sd_um": field.sigma * size,
        "strain_green_lagrange": strain,
        "strain_sd": lengths.strain_sigma(),
        "zncc": field.zncc,
        "status": field.status,
        "valid": field.valid,
        "grid_shape": np.asarray(field.grid_shape),
        "spacing_um": np.asarray(field.spacing) * size,
        "window_um": np.asarray(field.window) * size,
        "gauge_length_um": np.asarray(field.gauge_length) * size,
        "voxel_size_um": size,
        "info": np.asarray(json.dumps(dict(field.info), default=float)),
    }
    if normal is not None:
        arrays |= layer_columns(strain, normal) | {"layer_normal": unit_normal(normal)}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_spam(
    path: Path,
    field: DisplacementField,
    voxel_size: Sequence[float],
    normal: ArrayLike | None,
) -> None:
    """Columns of SPAM, in voxels: F per node and the displacement of its centre.

    ``returnStatus`` is 2 where the node is valid, 1 where iterations ran out, else negative.
    ``error`` is 1 - ZNCC, not SPAM's sum of squared grey differences. ``iterations`` and
    ``deltaPhiNorm`` are not kept by a field and are 0.
    """
    import pandas as pd

    del voxel_size, normal
    columns: dict[str, Any] = {"NodeNumber": np.arange(len(field.positions))}
    columns |= {f"{a}pos": field.positions[:, i] for i, a in enumerate("ZYX")}
    stretch = field.gradient + np.eye(3)
    for i, a in enumerate("zyx"):
        columns |= {f"F{a}{b}": stretch[:, i, j] for j, b in enumerate("zyx")}
        columns[f"{a.upper()}disp"] = field.displacement[:, i]
    columns["error"] = 1 - field.zncc
    columns["iterations"] = 0
    columns["returnStatus"] = [_SPAM_STATUS[NodeStatus(int(s))] for s in field.status]
    columns["deltaPhiNorm"] = 0.0
    pd.DataFrame(columns).to_csv(path, sep="\t", index=False, na_rep="nan")


FIELD_FORMATS: dict[str, Writer] = {
    ".vti": write_vti,
    ".vtu": write_vtu,
    ".csv": _write_csv,
    ".npz": _write_npz,
    ".tsv": _write_spam,
}
"""Endings of the files that `write_field` can write."""

"""A displacement field as a Zarr group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.data.displacement import DisplacementField
from operando.errors import StudyError
from operando.study.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

_ARRAYS = ("positions", "displacement", "gradient", "sigma", "zncc", "status")


def write_field(path: Path, field: DisplacementField) -> None:
    """Write a field; nothing is left behind if it fails."""
    import zarr

    with replacing(path) as partial:
        group = zarr.open_group(str(partial), mode="w")
        for name in _ARRAYS:
            group.create_array(name, data=np.asarray(getattr(field, name)))
        group.attrs.update(
            {
                "grid_shape": [int(n) for n in field.grid_shape],
                "spacing": [float(s) for s in field.spacing],
                "window": [int(w) for w in field.window],
                "info": dict(field.info),
            }
        )


def read_field(path: Path) -> DisplacementField:
    """Read a field written by `write_field`."""
    import zarr

    if not path.exists():
        raise StudyError(f"There is no displacement field {path.stem!r}", "run Strain first")
    group = zarr.open_group(str(path), mode="r")
    arrays = {name: np.asarray(group[name]) for name in _ARRAYS}
    attributes = group.attrs.asdict()
    z, y, x = attributes["grid_shape"]
    return DisplacementField(
        **arrays,
        grid_shape=(z, y, x),
        spacing=tuple(attributes["spacing"]),
        window=tuple(attributes["window"]),
        info=attributes["info"],
    )

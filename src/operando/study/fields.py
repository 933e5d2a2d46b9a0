"""A displacement field as a Zarr group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import DisplacementField
from operando.errors import StudyError
from operando.study.atomic import plain_disk_errors, replacing
from operando.study.partial import PartialResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

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


class UnfinishedField:
    """What a correlation has found so far, kept beside where the field goes.

    Parameters
    ----------
    path
        Where the finished field goes.
    plan
        As in `PartialResult`: what an earlier run left counts only if its plan is the same.
    """

    def __init__(self, path: Path, plan: object) -> None:
        self._path = path
        with plain_disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._partial = PartialResult(path, plan)
            self._partial.content.mkdir(exist_ok=True)

    def load(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a name, or None where an earlier run did not get so far."""
        if not self._partial.is_done(name):
            return None
        with np.load(self._partial.content / f"{name}.npz") as file:
            return {key: file[key] for key in file.files}

    def save(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Keep arrays; they count once they are written."""
        path = self._partial.content / f"{name}.npz"
        with plain_disk_errors(self._path), path.open("wb") as file:
            np.savez(file, **arrays)
        self._partial.mark_done(name)

    def finish(self, field: DisplacementField) -> None:
        """Write the finished field, and throw away the parts."""
        write_field(self._path, field)
        self._partial.discard()

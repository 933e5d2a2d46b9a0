"""A displacement field as a Zarr group."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.atomic import plain_disk_errors, replacing
from operando.data.displacement import DisplacementField
from operando.errors import FileError, StudyError
from operando.study.partial import PartialResult, unfinished_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_ARRAYS = ("positions", "displacement", "gradient", "sigma", "zncc", "status", "gradient_sigma")
"""Fields of earlier versions lack the last one."""
_GRID = ("grid_shape", "spacing", "window")
_PREVIEW = "preview.npz"


def write_field(path: Path, field: DisplacementField) -> None:
    """Write a field; nothing is left behind if it fails."""
    import zarr

    with replacing(path) as partial:
        group = zarr.open_group(str(partial), mode="w")
        for name, values in _arrays(field).items():
            group.create_array(name, data=values)
        group.attrs.update(
            {
                "grid_shape": [int(n) for n in field.grid_shape],
                "spacing": [float(s) for s in field.spacing],
                "window": [int(w) for w in field.window],
                "info": dict(field.info),
            }
        )


def _arrays(field: DisplacementField) -> dict[str, Any]:
    found = {name: getattr(field, name) for name in _ARRAYS}
    return {name: np.asarray(values) for name, values in found.items() if values is not None}


def read_field(path: Path) -> DisplacementField:
    """Read a field written by `write_field`."""
    import zarr

    if not path.exists():
        raise StudyError(f"There is no displacement field {path.stem!r}", "run Strain first")
    group = zarr.open_group(str(path), mode="r")
    arrays = {name: np.asarray(group[name]) for name in _ARRAYS if name in group}
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

    def save_preview(self, field: DisplacementField) -> None:
        """Keep what is known so far for others to look at, see `preview_path`.

        Where that is not possible now, as while another program reads it, nothing is written.
        """
        grid: dict[str, Any] = {name: np.asarray(getattr(field, name)) for name in _GRID}
        with (
            suppress(FileError),
            replacing(preview_path(self._path)) as partial,
            partial.open("wb") as file,
        ):
            np.savez(file, **_arrays(field), **grid)

    def preview(self) -> DisplacementField | None:
        """Return the preview that an earlier run made, if it did."""
        return read_preview(self._path) if preview_path(self._path).exists() else None

    def finish(self, field: DisplacementField) -> None:
        """Write the finished field, and throw away the parts and the preview."""
        write_field(self._path, field)
        self._partial.discard()


def preview_path(path: Path) -> Path:
    """Where a preview of the field that will be at `path` lies while it is measured."""
    return unfinished_folder(path) / "content" / _PREVIEW


def read_preview(path: Path) -> DisplacementField:
    """Read what `UnfinishedField.save_preview` wrote to ``preview_path(path)``."""
    with np.load(preview_path(path)) as file:
        arrays = {name: file[name] for name in _ARRAYS if name in file}
        z, y, x = (int(n) for n in file["grid_shape"])
        spacing, window = (tuple(file[name].tolist()) for name in ("spacing", "window"))
    return DisplacementField(**arrays, grid_shape=(z, y, x), spacing=spacing, window=window)

"""True ids of particles from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.errors import InputError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path


def open_truth(path: Path, shape: tuple[int, ...]) -> Any:
    """Open a label image of any format lazily as true ids.

    Parameters
    ----------
    path
        File or folder; of one frame, or of all.
    shape
        ``(T, Z, Y, X)`` of the particles.

    Returns
    -------
    Dask array ``(T, Z, Y, X)`` or ``(Z, Y, X)``.

    Raises
    ------
    FileError
        If nothing there can be opened.
    InputError
        If it holds no whole numbers, or not of these voxels.
    """
    data = read(path).data
    if data.dtype.kind not in "ui":
        raise InputError(
            f"{path.name} is of type {data.dtype}", "save the true ids as whole numbers"
        )
    if data.shape[1] != 1 or data.shape[2:] != shape[1:] or data.shape[0] not in (1, shape[0]):
        t, c, *size = data.shape
        kind = f"{t} frames of {c} channels and {' x '.join(map(str, size))} voxels"
        raise InputError(
            f"{path.name} holds {kind}",
            f"give one frame or {shape[0]}, of {' x '.join(map(str, shape[1:]))} voxels",
        )
    return data[:, 0] if shape[0] == data.shape[0] else data[0, 0]

"""NumPy .npy files, memory-mapped."""

from __future__ import annotations

from tokenize import TokenError
from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.errors import FileError
from operando.files.axes import name_axes
from operando.files.damage import DAMAGE
from operando.files.source import Mapped, Opened

if TYPE_CHECKING:
    from pathlib import Path


def open_npy(path: Path, axes: str | None = None) -> Opened:
    """Open an array of 2 to 5 axes that NumPy saved.

    Parameters
    ----------
    path
        File.
    axes
        Names of the axes; without them ``zyx``, ``tzyx``, ``tczyx``.

    Raises
    ------
    FileError
        If it is no such file, truncated, or holds Python objects.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (*DAMAGE, TokenError) as error:
        detail = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise FileError(
            f"{path} is no NumPy array that can be read ({detail})",
            "save it with numpy.save, without Python objects",
        ) from error
    if (
        not isinstance(array, np.memmap)
        or array.ndim < 2
        or 0 in array.shape
        or array.dtype.kind not in "biuf"
    ):
        raise FileError(
            f"{path} holds no image (shape {array.shape}, type {array.dtype})",
            "an image has at least two axes and holds numbers",
        )
    if path.stat().st_size != array.offset + array.nbytes:
        raise FileError(
            f"{path} is damaged: it is longer than its shape {array.shape} says",
            "copy it again from its origin",
        )
    order: Literal["C", "F"] = "C" if array.flags.c_contiguous else "F"
    names = name_axes("q" * (array.ndim - 2) + "yx", array.shape, axes)
    source = Mapped(path, array.shape, array.dtype, int(array.offset), names, order)
    return Opened(source=source, files=(path,), metadata={"format": "NumPy"})

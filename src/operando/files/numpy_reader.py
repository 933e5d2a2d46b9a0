"""NumPy .npy files, memory-mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from operando.errors import FileError
from operando.files.axes import name_axes
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
    except (OSError, ValueError, EOFError, SyntaxError, OverflowError, TypeError) as error:
        raise FileError(
            f"{path} is no NumPy array that can be read ({str(error).splitlines()[0][:100]})",
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
    order: Literal["C", "F"] = "C" if array.flags.c_contiguous else "F"
    names = name_axes("q" * (array.ndim - 2) + "yx", array.shape, axes)
    source = Mapped(path, array.shape, array.dtype, int(array.offset), names, order)
    return Opened(source=source, files=(path,), metadata={"format": "NumPy"})

"""Room on the disk of a study."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from operando.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

SPARE_BYTES = 2**29


def check_room(nbytes: int, folder: Path) -> None:
    """Refuse to write images to a disk that may be too small.

    Parameters
    ----------
    nbytes
        What will be written at most.
    folder
        Where, or a folder that is not made yet.

    Raises
    ------
    FileError
        With what is needed and what is free.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    needed, free = nbytes + SPARE_BYTES, shutil.disk_usage(there).free
    if free < needed:
        raise FileError(
            f"The images may need {needed / 1e9:.3g} GB, the disk of {folder} has "
            f"{free / 1e9:.3g} GB free",
            "free some space, or put the study on a larger disk",
        )

"""Arrays on disk for what does not fit in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class DiskArrays:
    """Makes arrays in a folder.

    Parameters
    ----------
    folder
        Is there, and taken away by the caller.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Make an array of zeros in small chunks."""
        import zarr

        self._count += 1
        chunks = (1,) * (len(shape) - 3) + tuple(min(64, n) for n in shape[-3:])
        return zarr.create_array(
            store=str(self._folder / str(self._count)), shape=shape, dtype=dtype, chunks=chunks
        )

"""Read boxes of Zarr 3 arrays in Blosc chunks straight from their files.

Slices across a large volume touch hundreds of chunks, and zarr spends as long on every one of
them as it takes to unpack it. Threads that do nothing else, and unpack into the same memory again
and again, take a third of the time.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.zarr.blosc_blocks import HEADER, unpack_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    import zarr
    from numpy.typing import NDArray

_THREADS = min(4, os.cpu_count() or 1)


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads for all that a process reads at a time: more would get in each other's way."""
    del process  # A forked process has the pool of its parent without the threads.
    return ThreadPoolExecutor(_THREADS, "blosc")


@dataclass(frozen=True)
class BloscChunks:
    """Chunk files of one array.

    Parameters
    ----------
    folder
        Of the array.
    shape, chunk
        Of the array and of a chunk.
    dtype
        Type of a voxel in the files.
    fill
        Value of voxels whose chunk was never written.
    """

    folder: Path
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any

    @classmethod
    def of(cls, array: zarr.Array) -> BloscChunks | None:
        """Chunk files of an array; None if it is stored in another way, which zarr has to read."""
        known = array.metadata.to_dict()
        codecs: Any = known.get("codecs", ())
        if known["zarr_format"] != 3 or [c["name"] for c in codecs] != ["bytes", "blosc"]:
            return None
        root = getattr(array.store, "root", None)
        keys: Any = known["chunk_key_encoding"]
        grid: Any = known["chunk_grid"]
        plain = keys["name"] == "default" and keys["configuration"]["separator"] == "/"
        if not isinstance(root, Path) or not plain or grid["name"] != "regular":
            return None
        big = codecs[0].get("configuration", {}).get("endian") == "big"
        return cls(
            root / array.path,
            tuple(int(n) for n in array.shape),
            tuple(int(n) for n in grid["configuration"]["chunk_shape"]),
            np.dtype(array.dtype).newbyteorder(">" if big else "<"),
            array.fill_value,
        )

    def read(self, box: Sequence[slice]) -> NDArray[Any]:
        """Read a box, one slice with start and stop per axis.

        Raises
        ------
        FileError
            If a chunk is damaged.
        """
        out = np.empty([s.stop - s.start for s in box], self.dtype.newbyteorder("="))
        sides = (range(s.start // c, -(-s.stop // c)) for s, c in zip(box, self.chunk, strict=True))
        places = list(product(*sides))
        if len(places) == 1:
            self._copy(places, box, out)
            return out
        shares = [places[k::_THREADS] for k in range(_THREADS)]
        list(_pool(os.getpid()).map(lambda share: self._copy(share, box, out), shares))
        return out

    def _copy(
        self, places: Sequence[tuple[int, ...]], box: Sequence[slice], out: NDArray[Any]
    ) -> None:
        """Copy what lies in a box from some chunks; memory for one of them serves all."""
        voxels = np.empty(self.chunk, self.dtype)
        packed = bytearray(voxels.nbytes + HEADER + 1)
        for place in places:
            corner = [i * c for i, c in zip(place, self.chunk, strict=True)]
            inside = tuple(
                slice(max(s.start - k, 0), min(s.stop - k, c))
                for s, k, c in zip(box, corner, self.chunk, strict=True)
            )
            into = tuple(
                slice(s.start + k - b.start, s.stop + k - b.start)
                for s, k, b in zip(inside, corner, box, strict=True)
            )
            there = self._unpack(place, packed, voxels, inside)
            out[into] = voxels[inside] if there else self.fill

    def _unpack(
        self,
        place: Sequence[int],
        packed: bytearray,
        voxels: NDArray[Any],
        inside: Sequence[slice],
    ) -> bool:
        """Unpack at least what lies inside of a chunk; False if it was never written."""
        path = self.folder.joinpath("c", *map(str, place))
        first = np.ravel_multi_index([s.start for s in inside], self.chunk)
        last = np.ravel_multi_index([s.stop - 1 for s in inside], self.chunk)
        size = self.dtype.itemsize
        flat = voxels.reshape(-1).view(np.uint8)
        try:
            with path.open("rb", buffering=0) as file:
                unpack_part(file, packed, flat, int(first) * size, (int(last) + 1) * size)
        except FileNotFoundError:
            return False
        except (RuntimeError, ValueError) as error:
            raise FileError(f"{path} is damaged ({error})", "write the images again") from error
        return True

"""Read boxes of Zarr 3 arrays in Blosc chunks straight from their files.

Slices across a large volume touch hundreds of chunks, and zarr spends as long on every one of
them as it takes to unpack it. Two threads that do nothing else take half as long.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import zarr
    from numpy.typing import NDArray

_HEADER = 16
_THREADS = 2


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
        starts = [s.start for s in box]
        out = np.empty([s.stop - s.start for s in box], self.dtype.newbyteorder("="))

        def copy(place: tuple[int, ...]) -> None:
            corner = [i * c for i, c in zip(place, self.chunk, strict=True)]
            inside = tuple(
                slice(max(s.start - k, 0), min(s.stop - k, c))
                for s, k, c in zip(box, corner, self.chunk, strict=True)
            )
            into = tuple(
                slice(s.start + k - start, s.stop + k - start)
                for s, k, start in zip(inside, corner, starts, strict=True)
            )
            block = self._unpack(place)
            out[into] = self.fill if block is None else block[inside]

        places = list(
            product(
                *(
                    range(s.start // c, -(-s.stop // c))
                    for s, c in zip(box, self.chunk, strict=True)
                )
            )
        )
        if len(places) == 1:
            copy(places[0])
            return out
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(copy, places))
        return out

    def _unpack(self, place: Sequence[int]) -> NDArray[Any] | None:
        from numcodecs.blosc import Blosc

        path = self.folder.joinpath("c", *map(str, place))
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            return None
        # Blosc believes the sizes in its header, and would read past the end of a damaged chunk.
        sizes = np.frombuffer(packed[4:_HEADER], "<u4") if len(packed) >= _HEADER else (0, 0, 0)
        expected = int(np.prod(self.chunk)) * self.dtype.itemsize
        if (int(sizes[0]), int(sizes[2])) != (expected, len(packed)):
            raise FileError(f"{path} is damaged", "write the images again")
        try:
            return np.frombuffer(Blosc().decode(packed), self.dtype).reshape(self.chunk)
        except (RuntimeError, ValueError) as error:
            raise FileError(f"{path} is damaged ({error})", "write the images again") from error

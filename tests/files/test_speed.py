from __future__ import annotations

from pathlib import Path

import dask.array as da
import pytest

from operando.data import Series
from operando.files.speed import slow_reason


def series(form: str, compression: str, n_files: int = 1, z: int = 100) -> Series:
    data = da.zeros((1, 1, z, 500, 500), dtype="u2", chunks=(1, 1, 1, 500, 500))
    known = {"format": form, "compression": compression}
    files = tuple(Path(f"s{n}.tif") for n in range(n_files))
    return Series(data=data, metadata=(known,), source=files)


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        (series("TIFF", "lzw"), "compressed one by one"),
        (series("TIFF", "none", n_files=100), "a file of its own"),
        (series("NIfTI", "gzip"), "in one piece"),
        (series("MetaImage", "none", z=3000), "row by row"),
        (series("TIFF", "none", z=3000), "row by row"),
    ],
)
def test_what_is_slow_says_why(shown: Series, word: str) -> None:
    assert word in slow_reason(shown)


@pytest.mark.parametrize(
    "shown",
    [
        series("TIFF", "none"),
        series("HDF5", "gzip"),
        series("TIFF", "lzw", z=2),
        series("HDF5", "none", z=3000),
        series("OME-Zarr 0.5", "none", z=3000),
    ],
)
def test_what_is_fast_says_nothing(shown: Series) -> None:
    assert slow_reason(shown) == ""

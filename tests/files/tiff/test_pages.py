from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError
from operando.files.tiff.pages import read_pages
from operando.files.tiff.reader import open_tiff

if TYPE_CHECKING:
    from pathlib import Path

VOLUME = np.random.default_rng(8).integers(0, 250, (9, 14, 17), dtype=np.uint8)


def test_single_pages_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, compression="zlib")
    found = list(read_pages(path, [7, 0, 3], (14, 17)))
    assert np.array_equal(found, VOLUME[[7, 0, 3]])
    with pytest.raises(FileError, match="truncated"):
        list(read_pages(path, [9]))


def test_small_pages_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.tile(VOLUME, (5, 1, 1)), compression="zlib")
    assert open_tiff(path).source.chunks == (1, 1, 16, 14, 17)


def test_part_of_a_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOLUME, compression="zlib")
    box = (slice(0, 1), slice(0, 1), slice(2, 5), slice(3, 9), slice(1, 2))
    assert np.array_equal(open_tiff(path).source.read(box)[0, 0], VOLUME[2:5, 3:9, 1:2])

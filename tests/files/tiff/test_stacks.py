from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

VOLUME = np.random.default_rng(5).integers(0, 60000, (7, 6, 5), dtype=np.uint16)


def write_slices(folder: Path, volume: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    for z, image in enumerate(volume):
        tifffile.imwrite(folder / f"slice_{z}.tif", image)


def test_slices_of_different_size_or_type_are_named(tmp_path: Path) -> None:
    write_slices(tmp_path / "a", VOLUME)
    tifffile.imwrite(tmp_path / "a" / "slice_2.tif", np.zeros((7, 5), np.uint16))
    with pytest.raises(FileError, match=r"size: slice_2\.tif has 7 × 5, slice_0\.tif has 6 × 5"):
        read(tmp_path / "a")
    write_slices(tmp_path / "b", VOLUME)
    tifffile.imwrite(tmp_path / "b" / "slice_3.tif", np.zeros((6, 5), np.int16))
    with pytest.raises(FileError, match=r"type: slice_3\.tif has int16, slice_0\.tif has uint16"):
        read(tmp_path / "b")


def test_frames_with_a_slice_missing(tmp_path: Path) -> None:
    write_slices(tmp_path / "f1", VOLUME)
    write_slices(tmp_path / "f2", VOLUME[:5])
    with pytest.raises(FileError, match="f2 holds 5 slices, another frame 7"):
        read(tmp_path)


def test_a_volume_among_slices(tmp_path: Path) -> None:
    write_slices(tmp_path, VOLUME)
    tifffile.imwrite(tmp_path / "slice_2.tif", VOLUME, metadata=None)
    with pytest.raises(FileError, match=r"slice_2\.tif holds several images"):
        read(tmp_path)


def test_a_slice_that_changes_size_after_opening_is_named(tmp_path: Path) -> None:
    write_slices(tmp_path, VOLUME[:3])
    series = read(tmp_path)
    tifffile.imwrite(tmp_path / "slice_1.tif", VOLUME[1].T.copy())
    with pytest.raises(FileError, match=r"slice_1\.tif holds an image of 5 × 6 voxels"):
        np.asarray(series.data)
    tifffile.imwrite(tmp_path / "slice_1.tif", VOLUME[1].astype(np.int16))
    with pytest.raises(FileError, match=r"slice_1\.tif holds int16 voxels"):
        np.asarray(series.data)

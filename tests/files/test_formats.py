"""Every format gives the same voxels, lazily, with the voxel size that its file says."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError
from operando.files import READERS, read
from operando.files.damage import library, telling
from operando.files.formats import find_format

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray

SILENT = ("plain.npy", "packed.tif", "plain.edf")
"""Files that do not say how large a voxel is."""


def same(found: da.Array, expected: NDArray[np.uint16]) -> bool:
    return np.array_equal(np.asarray(found), expected)


def test_voxels_and_voxel_size(image_file: Path, volume: NDArray[np.uint16]) -> None:
    series = read(image_file)
    assert series.data.shape == (1, 1, *volume.shape)
    assert series.data.dtype == np.uint16
    assert same(series.data[0, 0], volume)
    if image_file.name in SILENT:
        assert series.voxel_size is None
    elif image_file.suffix == ".txm":
        assert series.voxel_size == pytest.approx((0.25, 0.25, 0.25))
    else:
        assert series.voxel_size == pytest.approx((0.5, 0.25, 0.25))


def test_any_box_can_be_read(image_file: Path, volume: NDArray[np.uint16]) -> None:
    data = read(image_file).data[0, 0]
    assert same(data[3], volume[3])
    assert same(data[:, 5, 2:9], volume[:, 5, 2:9])
    assert same(data[1:4, ::3, 7], volume[1:4, ::3, 7])


def test_two_files_are_two_frames(image_file: Path, volume: NDArray[np.uint16]) -> None:
    other = image_file.with_name(f"z_{image_file.name}")
    other.write_bytes(image_file.read_bytes())
    series = read([image_file, other])
    assert series.data.shape == (2, 1, *volume.shape)
    assert same(series.data[1, 0, 2], volume[2])


def test_a_series_can_be_sent_to_another_process(
    image_file: Path, volume: NDArray[np.uint16]
) -> None:
    again = pickle.loads(pickle.dumps(read(image_file).data))
    assert same(again[0, 0, 4], volume[4])


def test_every_ending_leads_to_its_format(tmp_path: Path) -> None:
    for form in READERS:
        for ending in form.endings:
            path = tmp_path / f"scan.1{ending.upper()}"
            path.touch()
            assert find_format(path) is form


def test_an_archive_is_to_be_unpacked_first(tmp_path: Path) -> None:
    path = tmp_path / "scan.zip"
    path.touch()
    with pytest.raises(FileError, match="unpack it first"):
        read(path)


def test_a_missing_library_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(FileError, match=r"pip install 'napari-operando\[formats\]'"):
        library("there_is_no_such_library", "Odd")


def test_damage_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc"
    with pytest.raises(FileError, match=r"a\.mrc is no MRC file .* \(odd\)"), telling(path, "MRC"):
        raise ValueError("odd\nmore")

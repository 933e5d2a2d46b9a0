from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError, InputError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def test_the_user_tells_the_layout(tmp_path: Path, volume: NDArray[np.uint16]) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(b"header!" + volume.astype(">u2").tobytes())
    series = read(path, shape=volume.shape, dtype="uint16", offset=7, byteorder="big")
    assert np.array_equal(np.asarray(series.data[0, 0]), volume)
    assert series.voxel_size is None


def test_several_raw_volumes_are_frames(tmp_path: Path, volume: NDArray[np.uint16]) -> None:
    for n in (2, 10, 1):
        (tmp_path / f"scan_{n}.raw").write_bytes((volume + n).tobytes())
    series = read(tmp_path, shape=volume.shape, dtype="uint16")
    assert [int(v) for v in np.asarray(series.data[:, 0, 0, 0, 0])] == [1, 2, 10]


def test_without_a_layout_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(1000))
    with pytest.raises(FileError, match=r"does not say its size \(1000 bytes\); give its shape"):
        read(path)


@pytest.mark.parametrize("shape", [(5, 45, 47), (5, 45, 49), (4, 45, 48)])
def test_a_layout_that_does_not_fit_is_refused(
    tmp_path: Path, volume: NDArray[np.uint16], shape: tuple[int, ...]
) -> None:
    path = tmp_path / "scan.raw"
    path.write_bytes(volume.tobytes())
    with pytest.raises(FileError, match=r"too short|bytes longer"):
        read(path, shape=shape, dtype="uint16")


def test_a_type_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(1000))
    with pytest.raises(InputError, match=r"'grey', .* cannot be read"):
        read(path, shape=(10, 10, 10), dtype="grey")


def test_a_folder_of_headers_and_data_is_one_file_per_frame(
    tmp_path: Path, volume: NDArray[np.uint16]
) -> None:
    z, y, x = volume.shape
    for n in (1, 2):
        (tmp_path / f"scan_{n}.raw").write_bytes((volume + n).tobytes())
        (tmp_path / f"scan_{n}.mhd").write_text(
            f"ObjectType = Image\nNDims = 3\nDimSize = {x} {y} {z}\nElementType = MET_USHORT\n"
            f"ElementSpacing = 0.001 0.001 0.002\nElementDataFile = scan_{n}.raw\n"
        )
    series = read(tmp_path)
    assert series.data.shape == (2, 1, z, y, x)
    assert series.voxel_size == pytest.approx((2, 1, 1))
    assert np.array_equal(np.asarray(read(tmp_path / "scan_2.raw").data[0, 0]), volume + 2)
